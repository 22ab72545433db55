"""A client as existing programs are: stubs made from wire.proto alone, all ten methods over mutual TLS.

Usage: client.py HOST:PORT IDENTITIES SCRATCH
IDENTITIES holds the folders operator/, submitter/ and viewer/ with ca.pem, cert.pem and key.pem each, and stranger/ of
another authority. SCRATCH is a folder that this program and the grid's tasks may both write to.
Every check is one sentence of the contract; the exit code is 1 when any did not hold.
"""

import concurrent.futures
import importlib
import json
import os
import sys
import tempfile
import time
import uuid

import grpc
from grpc_tools import protoc

from checks import Checks, Incoming, Outgoing

STAGES = ["queued", "assigned", "initializing", "processing", "finalizing"]
CALL_SECONDS = 30
Code = grpc.StatusCode


def make_stubs(folder):
    """Generates the stubs into `folder`, as a client's build does."""
    here = os.path.dirname(os.path.abspath(__file__))
    import grpc_tools

    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    for name in ("wire.proto", "details.proto"):
        code = protoc.main(
            ["protoc", f"-I{here}", f"-I{well_known}", f"--python_out={folder}", f"--grpc_python_out={folder}", name]
        )
        if code != 0:
            sys.exit(f"protoc refused {name}")
    sys.path.insert(0, folder)
    return (importlib.import_module(name) for name in ("wire_pb2", "wire_pb2_grpc", "details_pb2"))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def channel(address, identity, authority=None, certificate=True):
    """A stock secure channel: the server's name is verified by grpcio itself."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read(os.path.join(authority or identity, "ca.pem")),
        private_key=read(os.path.join(identity, "key.pem")) if certificate else None,
        certificate_chain=read(os.path.join(identity, "cert.pem")) if certificate else None,
    )
    limits = [("grpc.max_receive_message_length", 80 << 20), ("grpc.max_send_message_length", 80 << 20)]
    return grpc.secure_channel(address, credentials, options=limits)


def fresh(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def violations(error):
    """The field violations and reasons in a status's details."""
    fields, reasons = [], []
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for item in details.Status.FromString(value).details:
            if item.type_url.endswith("google.rpc.BadRequest"):
                fields += [v.field for v in details.BadRequest.FromString(item.value).field_violations]
            if item.type_url.endswith("google.rpc.ErrorInfo"):
                reasons.append(details.ErrorInfo.FromString(item.value).reason)
    return fields, reasons


def task(task_type, payload="", **others):
    return wire.ExecuteTaskRequest(task_type=task_type, payload=payload, **others)


def execute_task_runs_each_type(checks, grid):
    def run(request, seconds=CALL_SECONDS):
        return grid.ExecuteTask(request, timeout=seconds)

    answer = run(task("echo", "hello, grid"))
    checks.that("echo: plain text comes back", answer.success and answer.result == "hello, grid", answer)
    checks.that("an empty task_id: the grid makes one", answer.task_id != "", answer.task_id)
    for name in ("node", "attempts", "queued_ms"):
        checks.that(f"metrics hold {name}", answer.metrics.get(name, "") != "", dict(answer.metrics))
    checks.that("metrics: one attempt was enough", answer.metrics.get("attempts") == "1", dict(answer.metrics))

    answer = run(task("echo", "ünïcödé ☃ 🜁 中文 \u202e"))
    checks.that("echo: Unicode comes back as it was", answer.result == "ünïcödé ☃ 🜁 中文 \u202e", answer.result)

    answer = run(task("shell", "echo one; echo two | tr a-z A-Z"))
    checks.that(
        "shell: plain text is a script for /bin/sh -c",
        answer.success and answer.result.split() == ["one", "TWO"],
        answer,
    )
    answer = run(task("python", "print(6 * 7)"))
    checks.that("python: plain text is source text", answer.success and answer.result.strip() == "42", answer)

    host, port = address.rsplit(":", 1)
    answer = run(task("network_diagnostic", json.dumps({"host": host, "check": "tcp", "port": int(port)})))
    checks.that("network_diagnostic: a TCP connect to an open port succeeds", answer.success, answer)
    try:
        checks.that("network_diagnostic: the result is JSON", isinstance(json.loads(answer.result), dict))
    except ValueError:
        checks.that("network_diagnostic: the result is JSON", False, answer.result)
    answer = run(task("network_diagnostic", json.dumps({"host": "localhost", "check": "dns"})))
    checks.that("network_diagnostic: DNS resolves localhost", answer.success and "127.0.0.1" in answer.result, answer)
    answer = run(task("network_diagnostic", json.dumps({"host": "127.0.0.1", "check": "ping"})))
    checks.that("network_diagnostic: ping of loopback answers", answer.success, answer)
    answer = run(task("network_diagnostic", json.dumps({"host": "127.0.0.1", "check": "tcp", "port": 1})))
    checks.that(
        "network_diagnostic: a closed port is a task that failed, not a refusal",
        not answer.success and answer.error_message != "",
        answer,
    )

    answer = run(task("shell", "sleep 0.4"))
    checks.that("execution_time_ms is the run time", 350 <= answer.execution_time_ms < 5_000, answer.execution_time_ms)
    answer = run(task("shell", "echo before; echo oops >&2; exit 3"))
    checks.that("a task that ran and failed is success = false", not answer.success, answer)
    checks.that("... with error_message", answer.error_message != "", answer)
    checks.that("... its output in result", "before" in answer.result, answer)
    answer = run(task("shell", "echo early; sleep 60", timeout_seconds=1))
    checks.that(
        "a task that outlives timeout_seconds is success = false, and says so",
        not answer.success and "1 s" in answer.error_message,
        answer,
    )
    answer = run(task("echo", "x", require_ai_decision=True))
    checks.that("require_ai_decision is answered by policy where there is no model", answer.success, answer)

    megabyte = "0123456789abcdef" * 65536
    answer = run(task("echo", megabyte))
    checks.that("echo: a megabyte comes back exactly", answer.result == megabyte, len(answer.result))


def execute_task_refuses(checks, grid):
    def refused(sentence, codes, request):
        return checks.refused(sentence, codes, lambda: grid.ExecuteTask(request, timeout=CALL_SECONDS))

    error = refused("an unknown task_type is INVALID_ARGUMENT", Code.INVALID_ARGUMENT, task("teleport", "x"))
    if error is not None:
        known = ("shell", "python", "echo", "network_diagnostic")
        checks.that("... naming the known ones", all(name in error.details() for name in known), error.details())
        fields, reasons = violations(error)
        checks.that("... with the field task_type in its details", "task_type" in fields, (fields, reasons))
        checks.that("... and a stable reason", len(reasons) == 1 and reasons[0].isupper(), reasons)
    refused("an empty task_type is INVALID_ARGUMENT", Code.INVALID_ARGUMENT, task("", "x"))
    error = refused(
        "a negative timeout_seconds is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        task("echo", "x", timeout_seconds=-1),
    )
    if error is not None:
        checks.that("... with the field timeout_seconds", "timeout_seconds" in violations(error)[0], violations(error))
    for key, value in (("priority", "high"), ("retries", "-3"), ("on_lost", "cry"), ("durability", "eternal")):
        refused(
            f"metadata {key} = {value} is INVALID_ARGUMENT",
            Code.INVALID_ARGUMENT,
            task("echo", "x", metadata={key: value}),
        )
    refused(
        "an unknown node is refused",
        (Code.NOT_FOUND, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION),
        task("echo", "x", metadata={"node": "Atlantis"}),
    )
    refused("a NUL byte in a script is INVALID_ARGUMENT", Code.INVALID_ARGUMENT, task("shell", "echo a\0b"))
    refused(
        "an unknown network check is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        task("network_diagnostic", json.dumps({"host": "localhost", "check": "astrology"})),
    )
    refused(
        "a port beyond 65535 is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        task("network_diagnostic", json.dumps({"host": "localhost", "check": "tcp", "port": 70000})),
    )
    refused(
        "a payload of 10 MiB is refused clearly",
        (Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED),
        task("shell", ": " + "x" * (10 << 20)),
    )
    # Beyond the transport's own limit the stream is reset before anybody reads the request.
    refused(
        "a message of 64 MiB is cut off",
        (Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED, Code.CANCELLED),
        task("echo", "x" * (64 << 20)),
    )
    answer = grid.ExecuteTask(task("echo", "x", timeout_seconds=2**31 - 1), timeout=CALL_SECONDS)
    checks.that("the longest timeout_seconds there is, is fine", answer.success, answer)


def execute_task_takes_metadata(checks, grid):
    for node in ("Mac-Pro", "HP-OMEN", "M2-Ultra"):
        answer = grid.ExecuteTask(task("echo", "x", metadata={"node": node}), timeout=CALL_SECONDS)
        checks.that(f"metadata node = {node} runs it there", answer.metrics.get("node") == node, dict(answer.metrics))
    answer = grid.ExecuteTask(
        task("echo", "x", metadata={"colour": "blue", "submitter": "someone else"}), timeout=CALL_SECONDS
    )
    checks.that("unknown metadata keys are never an error", answer.success, answer)
    answer = grid.ExecuteTask(task("echo", "x", metadata={"durability": "ephemeral"}), timeout=CALL_SECONDS)
    checks.that("durability = ephemeral runs", answer.success, answer)
    answer = grid.ExecuteTask(
        task("echo", "x", metadata={"priority": "7", "on_lost": "fail"}), timeout=CALL_SECONDS
    )
    checks.that("priority and on_lost are taken", answer.success, answer)
    marker = os.path.join(scratch, fresh("second"))
    answer = grid.ExecuteTask(
        task("shell", f"test -e {marker} && exit 0; touch {marker}; exit 1", metadata={"retries": "1"}),
        timeout=CALL_SECONDS,
    )
    checks.that(
        "retries = 1: the second attempt succeeds",
        answer.success and answer.metrics.get("attempts") == "2",
        answer,
    )


def execute_task_is_idempotent(checks, grid):
    runs = os.path.join(scratch, fresh("runs"))
    request = task("shell", f"echo run >> {runs}; sleep 0.3; date +%s%N", task_id=fresh("once"))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: grid.ExecuteTask(request, timeout=CALL_SECONDS), range(4)))
    answers.append(grid.ExecuteTask(request, timeout=CALL_SECONDS))
    checks.that(
        "the same task_id with the same request returns the same result",
        len({answer.result for answer in answers}) == 1 and all(answer.success for answer in answers),
        [answer.result for answer in answers],
    )
    checks.that("... and it ran once", read(runs).count(b"run") == 1, read(runs))
    checks.that("... under the client's own name", answers[0].task_id == request.task_id, answers[0].task_id)
    other = task("shell", "echo another", task_id=request.task_id)
    error = checks.refused(
        "the same task_id with another request is ALREADY_EXISTS",
        Code.ALREADY_EXISTS,
        lambda: grid.ExecuteTask(other, timeout=CALL_SECONDS),
    )
    if error is not None:
        checks.that("... with a stable reason in its details", len(violations(error)[1]) == 1, violations(error))


def execute_task_streaming_shows_stages_and_lines(checks, grid):
    request = task("shell", "for i in 1 2 3; do echo line $i; sleep 0.5; done; printf last")
    incoming = Incoming(grid.ExecuteTaskStreaming(request, timeout=CALL_SECONDS))
    checks.that("a streamed task ends", incoming.wait(lambda i: i.ended, CALL_SECONDS) and incoming.error is None)
    updates = incoming.items
    lines = [update.log_line for update in updates if update.log_line]
    checks.that(
        "one update per line of output, without its newline, in order",
        lines == ["line 1", "line 2", "line 3", "last"],
        lines,
    )
    stages = []
    for update in updates:
        if update.current_stage and (not stages or stages[-1] != update.current_stage):
            stages.append(update.current_stage)
    checks.that("stages are the five known ones, each once, in their order", stages == STAGES, stages)
    checks.that("the last update has progress_percent 100", updates[-1].progress_percent == 100, updates[-1])
    percents = [update.progress_percent for update in updates]
    checks.that("progress never goes back and stays in 0..100", percents == sorted(percents) and 0 <= percents[0])
    elapsed = [update.elapsed_ms for update in updates]
    checks.that("elapsed_ms never goes back", elapsed == sorted(elapsed) and elapsed[-1] >= 1_000, elapsed)
    checks.that("every update names one task", len({update.task_id for update in updates}) == 1)
    times = [time for update, time in zip(updates, incoming.times) if update.log_line.startswith("line")]
    checks.that("lines come as they are printed", times[-1] - times[0] > 0.7, [t - times[0] for t in times])

    failed = list(grid.ExecuteTaskStreaming(task("shell", "echo no; exit 9"), timeout=CALL_SECONDS))
    checks.that("a failed task's last update is not at 100", failed[-1].progress_percent < 100, failed[-1])
    checks.refused(
        "streaming refuses an unknown task_type",
        Code.INVALID_ARGUMENT,
        lambda: list(grid.ExecuteTaskStreaming(task("teleport"), timeout=CALL_SECONDS)),
    )


def execute_task_streaming_outlives_its_client(checks, grid):
    marker = os.path.join(scratch, fresh("alive"))
    request = task("shell", f"echo begun; sleep 1.5; touch {marker}", task_id=fresh("leave"))
    call = grid.ExecuteTaskStreaming(request, timeout=CALL_SECONDS)
    for update in call:
        if update.log_line == "begun":
            break
    call.cancel()
    answer = grid.ExecuteTask(request, timeout=CALL_SECONDS)
    checks.that(
        "a client that goes away does not cancel the task", answer.success and os.path.exists(marker), answer
    )


def health_check_answers(checks, grid):
    answer = grid.HealthCheck(wire.HealthCheckRequest(requester_id="tests"), timeout=CALL_SECONDS)
    checks.that("HealthCheck answers for the coordinator", answer.is_healthy and answer.node_id == "M2-Ultra", answer)
    checks.that("cpu_usage is a percentage", 0 <= answer.cpu_usage <= 100, answer.cpu_usage)
    checks.that("memory_usage is a percentage", 0 < answer.memory_usage <= 100, answer.memory_usage)
    checks.that("active_tasks is a count", answer.active_tasks >= 0, answer.active_tasks)
    checks.that("timestamp_ms is Unix time", abs(answer.timestamp_ms / 1000 - time.time()) < 30, answer.timestamp_ms)

    outgoing = Outgoing(wire.HealthCheckRequest(requester_id="tests"))
    incoming = Incoming(grid.HealthCheckStreaming(outgoing, timeout=CALL_SECONDS))
    checks.that("HealthCheckStreaming sends again and again", incoming.wait(lambda i: len(i.items) >= 6, 10))
    gap = incoming.median_gap_ms()
    checks.that("... one response every 500 ms", gap is not None and 400 <= gap <= 650, gap)
    checks.that("... each a real answer", all(item.node_id and item.is_healthy for item in incoming.items))
    outgoing.close()
    checks.that("... until the client closes its side", incoming.wait(lambda i: i.ended, 3), len(incoming.items))
    checks.that("... and ends well", incoming.error is None, incoming.error)


def request_agent_decision_answers(checks, grid):
    inventory = grid.GetNetworkInventory(wire.NetworkInventoryRequest(), timeout=CALL_SECONDS)
    names = {node.node_id for node in inventory.nodes}
    for kind in ("route_task", "allocate_resource", "diagnose_issue"):
        request = wire.AgentDecisionRequest(
            request_id=fresh("decide"),
            decision_type=kind,
            context={"task_type": "shell", "cpu": "1"},
            available_nodes=sorted(names),
            prompt="Where should a compile run?",
        )
        answer = grid.RequestAgentDecision(request, timeout=CALL_SECONDS)
        checks.that(f"{kind}: the answer carries request_id", answer.request_id == request.request_id, answer)
        checks.that(f"{kind}: there is a decision and a rationale", answer.decision and answer.rationale, answer)
        checks.that(
            f"{kind}: recommended_nodes are nodes of the grid",
            set(answer.recommended_nodes) <= names,
            list(answer.recommended_nodes),
        )
        checks.that(f"{kind}: confidence is in 0..1", 0 <= answer.confidence <= 1, answer.confidence)
        said = json.dumps(dict(answer.metadata)).lower()
        checks.that(f"{kind}: metadata says which policy answered", "policy" in said or "model" in said, said)
        checks.that(f"{kind}: metadata says how long it took", any("ms" in k or "us" in k for k in answer.metadata), said)
    routed = grid.RequestAgentDecision(
        wire.AgentDecisionRequest(decision_type="route_task", available_nodes=["HP-OMEN"]), timeout=CALL_SECONDS
    )
    checks.that("route_task keeps to available_nodes", list(routed.recommended_nodes) == ["HP-OMEN"], routed)
    routed = grid.RequestAgentDecision(
        wire.AgentDecisionRequest(decision_type="route_task", available_nodes=["Atlantis"]), timeout=CALL_SECONDS
    )
    checks.that("route_task never recommends what is not eligible", not routed.recommended_nodes, routed)
    checks.refused(
        "an unknown decision_type is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        lambda: grid.RequestAgentDecision(
            wire.AgentDecisionRequest(decision_type="read_tea_leaves"), timeout=CALL_SECONDS
        ),
    )


def sync_agent_state_relays(checks, first, second):
    def update(name, state):
        return wire.AgentStateUpdate(
            agent_id=name, state=state, context={"mood": "fine"}, timestamp_ms=int(time.time() * 1000)
        )

    ann, bob = fresh("ann"), fresh("bob")
    ann_out = Outgoing(update(ann, "idle"))
    ann_in = Incoming(first.SyncAgentState(ann_out, timeout=CALL_SECONDS))
    checks.that("an update is answered", ann_in.wait(lambda i: len(i.items) >= 1, 5), ann_in.error)
    own = ann_in.items[0] if ann_in.items else None
    checks.that(
        "... with the coordinator's own state", own is not None and own.agent_id not in ("", ann) and own.state, own
    )
    bob_out = Outgoing(update(bob, "busy"))
    bob_in = Incoming(second.SyncAgentState(bob_out, timeout=CALL_SECONDS))

    def saw(incoming, name, state):
        return incoming.wait(lambda i: any(u.agent_id == name and u.state == state for u in i.items), 5)

    checks.that("another participant's update is relayed as it comes", saw(ann_in, bob, "busy"))
    ann_out.send(update(ann, "working"))
    checks.that("... and the other way round", saw(bob_in, ann, "working"))
    relayed = [u for u in bob_in.items if u.agent_id == ann and u.state == "working"]
    checks.that("... with its context", bool(relayed) and relayed[0].context.get("mood") == "fine", relayed)
    checks.that("nobody hears an echo of itself", not any(u.agent_id == ann for u in ann_in.items), ann_in.items)
    ann_out.close()
    bob_out.close()
    checks.that(
        "both streams end when their clients close",
        ann_in.wait(lambda i: i.ended, 5) and bob_in.wait(lambda i: i.ended, 5),
    )


def execute_remote_command_runs(checks, grid):
    def run(command, script, **others):
        return grid.ExecuteRemoteCommand(
            wire.RemoteCommandRequest(command_id=fresh("cmd"), command=command, script=script, **others),
            timeout=CALL_SECONDS,
        )

    for shell in ("sh", "bash"):
        answer = run(shell, "echo out; echo err >&2; exit 7")
        checks.that(f"{shell}: stdout is apart", answer.stdout == "out\n", answer)
        checks.that(f"{shell}: stderr is apart", answer.stderr == "err\n", answer)
        checks.that(f"{shell}: the exit code is the script's", answer.exit_code == 7, answer)
    answer = run("bash", "[[ a == a ]] && echo yes")
    checks.that("bash is bash", answer.stdout == "yes\n" and answer.exit_code == 0, answer)
    answer = run("python", "import os; print(os.environ['COLOUR'])", env_vars={"COLOUR": "blue green"})
    checks.that("python runs, and env_vars reach it", answer.stdout == "blue green\n", answer)
    checks.that("execution_time_ms is told", answer.execution_time_ms >= 0, answer)
    started = time.monotonic()
    checks.refused(
        "a timeout is DEADLINE_EXCEEDED", Code.DEADLINE_EXCEEDED, lambda: run("sh", "sleep 60", timeout_seconds=1)
    )
    checks.that("... soon after it", time.monotonic() - started < 15, time.monotonic() - started)
    checks.refused("an unknown interpreter is INVALID_ARGUMENT", Code.INVALID_ARGUMENT, lambda: run("cobol", "x"))
    checks.refused(
        "a negative timeout_seconds is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        lambda: run("sh", "true", timeout_seconds=-5),
    )
    checks.refused(
        "a variable's name with = in it is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        lambda: run("sh", "true", env_vars={"A=B": "c"}),
    )


def inventory_lists_nodes_and_links(checks, grid):
    def links_measured():
        answer = grid.GetNetworkInventory(
            wire.NetworkInventoryRequest(requester_id="tests", include_detailed_metrics=True), timeout=CALL_SECONDS
        )
        return answer if len([link for link in answer.links if link.latency_ms > 0]) >= 2 else None

    deadline = time.monotonic() + 10
    answer = links_measured()
    while answer is None and time.monotonic() < deadline:
        time.sleep(0.2)
        answer = links_measured()
    checks.that("links come with measured figures", answer is not None)
    answer = answer or grid.GetNetworkInventory(wire.NetworkInventoryRequest(), timeout=CALL_SECONDS)
    nodes = {node.node_id: node for node in answer.nodes}
    checks.that("the inventory holds the three nodes", set(nodes) >= {"M2-Ultra", "HP-OMEN", "Mac-Pro"}, set(nodes))
    roles = {name: nodes[name].role for name in ("M2-Ultra", "HP-OMEN", "Mac-Pro") if name in nodes}
    checks.that(
        "... with their roles",
        roles == {"M2-Ultra": "primary", "HP-OMEN": "compute", "Mac-Pro": "secondary"},
        roles,
    )
    checks.that("... and systems", all(nodes[name].os for name in roles), answer.nodes)
    ends = {(link.from_node, link.to_node) for link in answer.links}
    checks.that("links join known nodes", all(a in nodes and b in nodes and a != b for a, b in ends), ends)
    checks.that("links are encrypted", all(link.is_encrypted for link in answer.links), answer.links)
    checks.that("network_config says something", len(answer.network_config) > 0, dict(answer.network_config))
    checks.that("timestamp_ms is Unix time", abs(answer.timestamp_ms / 1000 - time.time()) < 30, answer.timestamp_ms)


def register_node_keeps_an_external_node(checks, grid):
    name = fresh("plotter")
    node = wire.NodeIdentity(
        node_id=name, ip_address="192.0.2.7", port=9100, os="RTOS", role="printer", capabilities={"paper": "A0"}
    )

    def inventory():
        answer = grid.GetNetworkInventory(wire.NetworkInventoryRequest(), timeout=CALL_SECONDS)
        return {node.node_id: node for node in answer.nodes}

    grid.RegisterNode(node, timeout=CALL_SECONDS)
    found = inventory().get(name)
    checks.that("RegisterNode puts a node into the inventory", found is not None)
    if found is not None:
        checks.that("... its role as given", found.role == "printer", found)
        checks.that("... its address too", (found.ip_address, found.port) == ("192.0.2.7", 9100), found)
        checks.that("... its capabilities too", found.capabilities.get("paper") == "A0", found)
        checks.that("... marked external", b"external" in found.SerializeToString(), found)
    grid.RegisterNode(node, timeout=CALL_SECONDS)
    checks.that("registering twice changes nothing", list(inventory()).count(name) == 1)
    answer = grid.RequestAgentDecision(wire.AgentDecisionRequest(decision_type="route_task"), timeout=CALL_SECONDS)
    checks.that("no work is routed to it", name not in answer.recommended_nodes, answer)
    checks.refused(
        "a task pinned to it does not run through the wire",
        (Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.NOT_FOUND),
        lambda: grid.ExecuteTask(task("echo", "x", metadata={"node": name}), timeout=3),
    )
    grid.DeregisterNode(wire.NodeIdentity(node_id=name), timeout=CALL_SECONDS)
    checks.that("DeregisterNode takes it out again", name not in inventory())
    checks.refused(
        "a node without a name is INVALID_ARGUMENT",
        Code.INVALID_ARGUMENT,
        lambda: grid.RegisterNode(wire.NodeIdentity(role="printer"), timeout=CALL_SECONDS),
    )
    checks.refused(
        "a name that a node of the grid has is refused",
        (Code.ALREADY_EXISTS, Code.FAILED_PRECONDITION, Code.PERMISSION_DENIED),
        lambda: grid.RegisterNode(wire.NodeIdentity(node_id="HP-OMEN", role="printer"), timeout=CALL_SECONDS),
    )
    checks.refused(
        "a node of the grid cannot be deregistered this way",
        (Code.FAILED_PRECONDITION, Code.PERMISSION_DENIED),
        lambda: grid.DeregisterNode(wire.NodeIdentity(node_id="HP-OMEN"), timeout=CALL_SECONDS),
    )
    checks.that("... and is still there", "HP-OMEN" in inventory())


def roles_bound_what_a_client_may_do(checks, operator, submitter, viewer):
    answer = submitter.ExecuteTask(task("echo", "mine"), timeout=CALL_SECONDS)
    checks.that("a submitter may run tasks", answer.result == "mine", answer)
    theirs = wire.NodeIdentity(node_id=fresh("theirs"), role="printer")
    operator.RegisterNode(theirs, timeout=CALL_SECONDS)
    checks.refused(
        "a submitter may not deregister what another registered",
        Code.PERMISSION_DENIED,
        lambda: submitter.DeregisterNode(theirs, timeout=CALL_SECONDS),
    )
    operator.DeregisterNode(theirs, timeout=CALL_SECONDS)
    answer = viewer.HealthCheck(wire.HealthCheckRequest(), timeout=CALL_SECONDS)
    checks.that("a viewer may look at the grid's health", answer.is_healthy, answer)
    answer = viewer.GetNetworkInventory(wire.NetworkInventoryRequest(), timeout=CALL_SECONDS)
    checks.that("a viewer may look at the inventory", len(answer.nodes) >= 3)
    denied = {
        "run a task": lambda: viewer.ExecuteTask(task("echo", "x"), timeout=CALL_SECONDS),
        "stream a task": lambda: list(viewer.ExecuteTaskStreaming(task("echo", "x"), timeout=CALL_SECONDS)),
        "run a command": lambda: viewer.ExecuteRemoteCommand(
            wire.RemoteCommandRequest(command="sh", script="true"), timeout=CALL_SECONDS
        ),
        "register a node": lambda: viewer.RegisterNode(wire.NodeIdentity(node_id="x"), timeout=CALL_SECONDS),
    }
    for what, call in denied.items():
        checks.refused(f"a viewer may not {what}", Code.PERMISSION_DENIED, call)


def strangers_are_kept_out(checks, identities):
    def health(identity, authority=None, certificate=True):
        with channel(address, os.path.join(identities, identity), authority, certificate) as opened:
            return wire_grpc.NoizyGridRPCStub(opened).HealthCheck(wire.HealthCheckRequest(), timeout=5)

    authority = os.path.join(identities, "operator")
    kept_out = (Code.UNAVAILABLE, Code.UNAUTHENTICATED)
    checks.refused("a client without a certificate gets no connection", kept_out, lambda: health("operator", None, False))
    checks.refused("a certificate of another authority gets none", kept_out, lambda: health("stranger", authority))
    checks.refused("a client refuses a server of another authority", kept_out, lambda: health("stranger"))

    def plaintext():
        with grpc.insecure_channel(address) as opened:
            return wire_grpc.NoizyGridRPCStub(opened).HealthCheck(wire.HealthCheckRequest(), timeout=5)

    checks.refused("plaintext gets no connection", kept_out, plaintext)


def rubbish_is_answered_with_a_status(checks, opened, grid):
    raw = opened.unary_unary("/noizylab.grid.NoizyGridRPC/ExecuteTask")  # bytes as they are
    canonical = (Code.INVALID_ARGUMENT, Code.INTERNAL)
    bad_utf8 = b"\x12\x04echo\x1a\x03a\xff\xfe"
    checks.refused("bad UTF-8 is answered with a status", canonical, lambda: raw(bad_utf8, timeout=CALL_SECONDS))
    checks.refused("bytes that are no message too", canonical, lambda: raw(b"\x0f" * 64, timeout=CALL_SECONDS))
    checks.refused("a cut message too", canonical, lambda: raw(b"\x1a\x7fshort", timeout=CALL_SECONDS))
    unknown = opened.unary_unary("/noizylab.grid.NoizyGridRPC/Teleport")
    checks.refused("an unknown method is UNIMPLEMENTED", Code.UNIMPLEMENTED, lambda: unknown(b"", timeout=CALL_SECONDS))
    answer = grid.ExecuteTask(task("echo", "still here"), timeout=CALL_SECONDS)
    checks.that("the grid is still there afterwards", answer.result == "still here", answer)


def health_service_serves(checks, opened):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    health = health_pb2_grpc.HealthStub(opened)
    serving = health_pb2.HealthCheckResponse.SERVING
    for name in ("", "noizylab.grid.NoizyGridRPC"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=CALL_SECONDS)
        checks.that(f"grpc.health.v1: {name or 'the server'} is SERVING", answer.status == serving, answer)
    checks.refused(
        "grpc.health.v1: an unknown service is NOT_FOUND",
        Code.NOT_FOUND,
        lambda: health.Check(health_pb2.HealthCheckRequest(service="tea"), timeout=CALL_SECONDS),
    )
    watch = health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=CALL_SECONDS)
    checks.that("grpc.health.v1: Watch begins with SERVING", next(watch).status == serving)
    watch.cancel()


def reflection_describes(checks, opened):
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2 as reflection

    # The package's messages are v1alpha's; on the wire v1 is the same but for its name.
    call = opened.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection.ServerReflectionResponse.FromString,
    )

    def ask(**question):
        return next(call(iter([reflection.ServerReflectionRequest(**question)]), timeout=CALL_SECONDS))

    names = {service.name for service in ask(list_services="").list_services_response.service}
    for name in ("noizylab.grid.NoizyGridRPC", "noizylab.grid.Tasks", "grpc.health.v1.Health"):
        checks.that(f"reflection lists {name}", name in names, names)
    answer = ask(file_containing_symbol="noizylab.grid.NoizyGridRPC")
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(data)
        for data in answer.file_descriptor_response.file_descriptor_proto
    ]
    methods = {m.name for file in files for s in file.service if s.name == "NoizyGridRPC" for m in s.method}
    expected = {m.name for m in wire.DESCRIPTOR.services_by_name["NoizyGridRPC"].methods}
    checks.that("reflection describes all ten methods", methods == expected and len(methods) == 10, methods)
    answer = ask(file_containing_symbol="no.such.Thing")
    checks.that("reflection answers NOT_FOUND for the unknown", answer.error_response.error_code == 5, answer)


def main():
    checks = Checks()
    with channel(address, os.path.join(identities, "operator")) as operator_channel, channel(
        address, os.path.join(identities, "submitter")
    ) as submitter_channel, channel(address, os.path.join(identities, "viewer")) as viewer_channel:
        operator, submitter, viewer = (
            wire_grpc.NoizyGridRPCStub(c) for c in (operator_channel, submitter_channel, viewer_channel)
        )
        checks.section(execute_task_runs_each_type, submitter)
        checks.section(execute_task_refuses, submitter)
        checks.section(execute_task_takes_metadata, submitter)
        checks.section(execute_task_is_idempotent, submitter)
        checks.section(execute_task_streaming_shows_stages_and_lines, submitter)
        checks.section(execute_task_streaming_outlives_its_client, submitter)
        checks.section(health_check_answers, operator)
        checks.section(request_agent_decision_answers, operator)
        checks.section(sync_agent_state_relays, operator, submitter)
        checks.section(execute_remote_command_runs, operator)
        checks.section(inventory_lists_nodes_and_links, operator)
        checks.section(register_node_keeps_an_external_node, operator)
        checks.section(roles_bound_what_a_client_may_do, operator, submitter, viewer)
        checks.section(strangers_are_kept_out, identities)
        checks.section(rubbish_is_answered_with_a_status, operator_channel, operator)
        checks.section(health_service_serves, viewer_channel)
        checks.section(reflection_describes, viewer_channel)
    return checks.finish()


if __name__ == "__main__":
    address, identities, scratch = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as generated:
        wire, wire_grpc, details = make_stubs(generated)
        sys.exit(main())
