import Coordinator
import GridWire
import Testing

struct ReflectionServiceTests {
    private let service = ReflectionService(services: ServedServices.mutual)

    @Test func `the served services are listed`() {
        var request = Grpc_Reflection_V1_ServerReflectionRequest()
        request.listServices = ""

        let names = service.answer(request).listServicesResponse.service.map(\.name)

        #expect(names == ServedServices.mutual.sorted())
        #expect(names.contains("noizylab.grid.NoizyGridRPC"))
    }

    @Test(arguments: [
        "noizylab.grid.NoizyGridRPC", "noizylab.grid.NoizyGridRPC.ExecuteTask", "noizylab.grid.TaskSpec",
        "grpc.health.v1.Health", "google.protobuf.Empty",
    ])
    func `a symbol's file comes with everything it imports`(symbol: String) {
        var request = Grpc_Reflection_V1_ServerReflectionRequest()
        request.fileContainingSymbol = symbol

        let answer = service.answer(request)

        #expect(!answer.fileDescriptorResponse.fileDescriptorProto.isEmpty)
        #expect(answer.originalRequest == request)
    }

    @Test func `the unknown is NOT_FOUND`() {
        var request = Grpc_Reflection_V1_ServerReflectionRequest()
        request.fileContainingSymbol = "no.such.Thing"
        #expect(service.answer(request).errorResponse.errorCode == 5)
    }
}
