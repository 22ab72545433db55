#include "process_shims.h"

#ifdef __APPLE__
#include <pthread/qos.h>
#else
#include <sys/resource.h>
#endif

void noizylab_raise_thread(void) {
#ifdef __APPLE__
    pthread_set_qos_class_self_np(QOS_CLASS_USER_INTERACTIVE, 0);
#else
    // On Linux a nice value is a thread's own; 0 names the calling one.
    setpriority(PRIO_PROCESS, 0, -10);
#endif
}
