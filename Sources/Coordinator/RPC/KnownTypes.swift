import GRPCCore
import GRPCProtobuf
import GridTransport
import GridWire

extension RPCRouter<GridServerTransport> {
    /// Registers the list of tasks again, with an answer that is made beside the event loop: a thousand tasks take it
    /// several milliseconds, and everybody on it would wait.
    mutating func registerList(of service: TasksService) {
        registerHandler(
            forMethod: Noizylab_Grid_Tasks.Method.List.descriptor,
            deserializer: ProtobufDeserializer<Noizylab_Grid_ListTasksRequest>(), serializer: EncodedSerializer()
        ) { request, context in
            let request = try await ServerRequest(stream: request)
            let bytes = try await service.encodedList(request.message, context)
            return StreamingServerResponse(single: ServerResponse(message: bytes))
        }
    }

    /// Registers the one unary method that is called often again, here, where all its types are known: the library's
    /// chain from a stream to its handler is generic and inlinable, and is now compiled for these types. The generated
    /// registration knows no transport, so that each of its calls looks up its types at run time.
    mutating func registerExecuteTask(of service: NoizyGridService) {
        registerHandler(
            forMethod: Noizylab_Grid_NoizyGridRPC.Method.ExecuteTask.descriptor,
            deserializer: ProtobufDeserializer<Noizylab_Grid_ExecuteTaskRequest>(),
            serializer: ProtobufSerializer<Noizylab_Grid_ExecuteTaskResponse>()
        ) { request, context in
            let request = try await ServerRequest(stream: request)
            let response = try await service.executeTask(request: request.message, context: context)
            return StreamingServerResponse(single: ServerResponse(message: response))
        }
    }
}

/// For messages that are bytes already.
private struct EncodedSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }
}
