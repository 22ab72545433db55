import Foundation
package import GRPCCore
package import GridWire
import SwiftProtobuf

/// `grpc.reflection.v1`: what can be called here, so that generic tools need no `.proto` file.
package struct ReflectionService: Grpc_Reflection_V1_ServerReflection.SimpleServiceProtocol {
    private let catalog: DescriptorCatalog
    private let services: [String]

    package init(services: [String]) {
        self.services = services.sorted()
        catalog = DescriptorCatalog.embedded
    }

    package func serverReflectionInfo(
        request: RPCAsyncSequence<Grpc_Reflection_V1_ServerReflectionRequest, any Error>,
        response: RPCWriter<Grpc_Reflection_V1_ServerReflectionResponse>, context: ServerContext
    ) async throws {
        for try await message in request { try await response.write(answer(message)) }
    }

    package func answer(_ request: Grpc_Reflection_V1_ServerReflectionRequest)
        -> Grpc_Reflection_V1_ServerReflectionResponse
    {
        var response = Grpc_Reflection_V1_ServerReflectionResponse()
        response.validHost = request.host
        response.originalRequest = request
        switch request.messageRequest {
        case .listServices:
            response.listServicesResponse.service = services.map { name in
                var service = Grpc_Reflection_V1_ServiceResponse()
                service.name = name
                return service
            }
        case .fileByFilename(let name): fill(&response, catalog.files(named: name), "file", name)
        case .fileContainingSymbol(let symbol): fill(&response, catalog.files(declaring: symbol), "symbol", symbol)
        case .fileContainingExtension(let wanted):
            fail(&response, .notFound, "No type has extensions here: \(wanted.containingType).")
        case .allExtensionNumbersOfType(let type):
            fail(&response, .notFound, "No type has extensions here: \(type).")
        case nil: fail(&response, .invalidArgument, "The request asks for nothing.")
        }
        return response
    }

    private func fill(
        _ response: inout Grpc_Reflection_V1_ServerReflectionResponse, _ files: [Data]?, _ what: String, _ name: String
    ) {
        guard let files else { return fail(&response, .notFound, "No \(what) is called “\(name.prefix(200))” here.") }
        response.fileDescriptorResponse.fileDescriptorProto = files
    }

    private func fail(
        _ response: inout Grpc_Reflection_V1_ServerReflectionResponse, _ code: RPCError.Code, _ message: String
    ) {
        response.errorResponse.errorCode = Int32(code.rawValue)
        response.errorResponse.errorMessage = message
    }
}
