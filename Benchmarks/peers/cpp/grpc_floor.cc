// The floor of the protocol: the same contract over the same mutual TLS, with nothing behind it.
//
//   grpc_floor serve PORT TLS_FOLDER
//   grpc_floor unary PORT TLS_FOLDER SERVER_PID IN_FLIGHT COUNT WARM_UP SECONDS
//   grpc_floor stream PORT TLS_FOLDER SERVER_PID TOTAL_BYTES CHUNK_BYTES
//
// `unary` calls ExecuteTask through a completion queue; `stream` reads TOTAL_BYTES from Watch in messages of CHUNK_BYTES,
// the same messages in which the grid sends output. Each prints one JSON line.
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "noizylab_grid.grpc.pb.h"
#include "noizylab_tasks.grpc.pb.h"

namespace wire = noizylab::grid;
using Clock = std::chrono::steady_clock;

static std::string text(const std::string &path) {
    std::ifstream file(path);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
}

static double micros(Clock::duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

/// utime + stime of another process, in microseconds.
static double cpuOf(int pid) {
    std::string stat = text("/proc/" + std::to_string(pid) + "/stat");
    size_t end = stat.rfind(')');
    if (end == std::string::npos) return 0;
    std::istringstream fields(stat.substr(end + 2));
    std::string skip;
    for (int i = 0; i < 11; i++) fields >> skip;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) * 1e6 / sysconf(_SC_CLK_TCK);
}

static double ownCPU() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

// The server: ExecuteTask through completion queues on two threads, Watch through the synchronous interface (its writes
// are the fastest way to move bytes).

class WatchService : public wire::Tasks::Service {
    grpc::Status Watch(grpc::ServerContext *, const wire::WatchRequest *request,
                       grpc::ServerWriter<wire::WatchUpdate> *writer) override {
        long long total = 0, size = 0;
        if (sscanf(request->task().c_str(), "%lld/%lld", &total, &size) != 2 || size < 1)
            return grpc::Status(grpc::INVALID_ARGUMENT, "TOTAL/SIZE expected");
        std::string bytes(size, 'x');
        for (long long sent = 0; sent < total; sent += size) {
            wire::WatchUpdate update;
            auto *chunk = update.mutable_output()->add_chunks();
            chunk->set_offset(sent);
            chunk->set_stream(1);
            chunk->set_data(bytes);
            if (!writer->Write(update)) break;
        }
        return grpc::Status::OK;
    }
};

using GridService = wire::NoizyGridRPC::WithAsyncMethod_ExecuteTask<wire::NoizyGridRPC::Service>;

struct ServerCall {
    GridService *service;
    grpc::ServerCompletionQueue *queue;
    grpc::ServerContext context;
    wire::ExecuteTaskRequest request;
    wire::ExecuteTaskResponse response;
    grpc::ServerAsyncResponseWriter<wire::ExecuteTaskResponse> responder{&context};
    bool isAnswered = false;

    ServerCall(GridService *service, grpc::ServerCompletionQueue *queue) : service(service), queue(queue) {
        service->RequestExecuteTask(&context, &request, &responder, queue, queue, this);
    }

    void proceed(bool ok) {
        if (isAnswered || !ok) {
            delete this;
            return;
        }
        new ServerCall(service, queue);
        response.set_task_id(request.task_id());
        response.set_success(true);
        response.set_result(request.payload());
        isAnswered = true;
        responder.Finish(response, grpc::Status::OK, this);
    }
};

static int serve(int port, const std::string &tls) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = text(tls + "/ca.pem");
    options.pem_key_cert_pairs.push_back({text(tls + "/server.key"), text(tls + "/server.pem")});
    GridService grid;
    WatchService watch;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(options));
    builder.RegisterService(&grid);
    builder.RegisterService(&watch);
    std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
    for (int i = 0; i < 2; i++) queues.push_back(builder.AddCompletionQueue());
    auto server = builder.BuildAndStart();
    if (!server) return 1;
    std::vector<std::thread> threads;
    for (auto &queue : queues) {
        for (int i = 0; i < 64; i++) new ServerCall(&grid, queue.get());
        threads.emplace_back([&queue] {
            void *tag;
            bool ok;
            while (queue->Next(&tag, &ok)) static_cast<ServerCall *>(tag)->proceed(ok);
        });
    }
    for (auto &thread : threads) thread.join();
    return 0;
}

static std::shared_ptr<grpc::Channel> connect(int port, const std::string &tls) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = text(tls + "/ca.pem");
    options.pem_private_key = text(tls + "/client.key");
    options.pem_cert_chain = text(tls + "/client.pem");
    auto channel = grpc::CreateChannel("localhost:" + std::to_string(port), grpc::SslCredentials(options));
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
        fprintf(stderr, "grpc_floor: no connection\n");
        exit(1);
    }
    return channel;
}

struct ClientCall {
    Clock::time_point started;
    std::unique_ptr<grpc::ClientContext> context;
    wire::ExecuteTaskResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<wire::ExecuteTaskResponse>> reader;
};

static int unary(int port, const std::string &tls, int serverPID, int inFlight, long count, long warmUp, double seconds) {
    auto stub = wire::NoizyGridRPC::NewStub(connect(port, tls));
    grpc::CompletionQueue queue;
    wire::ExecuteTaskRequest request;
    request.set_task_type("echo");
    request.set_payload("hello");
    auto start = [&](ClientCall *call) {
        call->context = std::make_unique<grpc::ClientContext>();
        call->response.Clear();
        call->started = Clock::now();
        call->reader = stub->AsyncExecuteTask(call->context.get(), request, &queue);
        call->reader->Finish(&call->response, &call->status, call);
    };
    std::vector<ClientCall> calls(inFlight);
    std::vector<double> took;
    took.reserve(count);
    long started = 0, finished = 0, living = 0;
    double cpu = 0;
    Clock::time_point begin;
    bool isMeasuring = false;
    auto enter = [&] {
        isMeasuring = true;
        cpu = ownCPU() + cpuOf(serverPID);
        begin = Clock::now();
    };
    if (warmUp == 0) enter();
    for (auto &call : calls) {
        start(&call);
        started++;
        living++;
    }
    Clock::time_point end;
    double cpuEnd = 0;
    bool isOver = false;
    void *tag;
    bool ok;
    while (living > 0 && queue.Next(&tag, &ok)) {
        auto *call = static_cast<ClientCall *>(tag);
        living--;
        if (!ok || !call->status.ok() || call->response.result() != "hello") {
            fprintf(stderr, "grpc_floor: %s\n", call->status.error_message().c_str());
            return 1;
        }
        auto now = Clock::now();
        finished++;
        if (isOver) continue;
        if (isMeasuring) {
            took.push_back(micros(now - call->started));
            if ((long)took.size() >= count || micros(now - begin) > seconds * 1e6) {
                isOver = true;
                end = now;
                cpuEnd = ownCPU() + cpuOf(serverPID);
                continue;
            }
        } else if (finished >= warmUp) {
            enter();
        }
        start(call);
        living++;
    }
    std::sort(took.begin(), took.end());
    size_t n = took.size();
    double wall = micros(end - begin);
    printf("{\"peer\": \"cpp-grpc\", \"in_flight\": %d, \"count\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": "
           "%.1f, \"max_us\": %.1f, \"rate\": %.1f, \"cpu_us_per_op\": %.1f, \"wall_s\": %.4f}\n",
           inFlight, n, took[n / 2], took[n * 9 / 10], took[n * 99 / 100], took[n - 1], n / wall * 1e6,
           (cpuEnd - cpu) / n, wall / 1e6);
    return 0;
}

static int stream(int port, const std::string &tls, int serverPID, long long total, long long size) {
    auto stub = wire::Tasks::NewStub(connect(port, tls));
    auto read = [&](long long total) {
        grpc::ClientContext context;
        wire::WatchRequest request;
        request.set_task(std::to_string(total) + "/" + std::to_string(size));
        auto reader = stub->Watch(&context, request);
        wire::WatchUpdate update;
        long long got = 0;
        while (reader->Read(&update))
            for (auto &chunk : update.output().chunks()) got += chunk.data().size();
        if (!reader->Finish().ok() || got < total) {
            fprintf(stderr, "grpc_floor: the stream broke after %lld bytes\n", got);
            exit(1);
        }
        return got;
    };
    read(std::min<long long>(total, 16 << 20));
    double cpu = ownCPU() + cpuOf(serverPID);
    auto begin = Clock::now();
    long long got = read(total);
    double wall = micros(Clock::now() - begin);
    cpu = ownCPU() + cpuOf(serverPID) - cpu;
    printf("{\"peer\": \"cpp-grpc\", \"bytes\": %lld, \"message_bytes\": %lld, \"mb_per_s\": %.1f, \"cpu_us_per_mb\": %.1f, "
           "\"wall_s\": %.4f}\n",
           got, size, got / wall, cpu / (got / 1e6), wall / 1e6);
    return 0;
}

int main(int argc, char **argv) {
    std::string verb = argc > 1 ? argv[1] : "";
    if (verb == "serve" && argc == 4) return serve(atoi(argv[2]), argv[3]);
    if (verb == "unary" && argc == 9)
        return unary(atoi(argv[2]), argv[3], atoi(argv[4]), atoi(argv[5]), atol(argv[6]), atol(argv[7]), atof(argv[8]));
    if (verb == "stream" && argc == 7)
        return stream(atoi(argv[2]), argv[3], atoi(argv[4]), atoll(argv[5]), atoll(argv[6]));
    fprintf(stderr, "usage: grpc_floor serve|unary|stream ...\n");
    return 2;
}
