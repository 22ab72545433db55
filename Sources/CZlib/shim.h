// zlib as the system has it: Debian's zlib1g-dev, and part of every macOS SDK.
#include <zlib.h>
