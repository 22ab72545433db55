"""C++ gRPC, the floor of the protocol: starts `grpc_floor serve` and its client; the client prints the line."""

import argparse
import subprocess
import sys

from harness import BUILD, TLS, Server, free_port

parser = argparse.ArgumentParser()
parser.add_argument("--in-flight", type=int, default=1)
parser.add_argument("--count", type=int, default=1000)
parser.add_argument("--warm-up", type=int, default=100)
parser.add_argument("--seconds", type=float, default=20)
parser.add_argument("--stream", type=int, metavar="BYTES", help="read this much in messages of --message bytes instead")
parser.add_argument("--message", type=int, default=65536)
options = parser.parse_args()

program, port = str(BUILD / "cpp" / "grpc_floor"), free_port()
with Server(program, "serve", str(port), str(TLS), port=port) as server:
    common = [str(port), str(TLS), str(server.process.pid)]
    if options.stream:
        command = [program, "stream", *common, str(options.stream), str(options.message)]
    else:
        command = [program, "unary", *common, str(options.in_flight), str(options.count), str(options.warm_up),
                   str(options.seconds)]
    code = subprocess.run(command).returncode
sys.exit(code)
