// swift-tools-version: 6.2
import PackageDescription

/// `CORE_ONLY=1` leaves out everything but the pure targets and their tests: no dependency is resolved
/// or compiled, so the inner loop (`make core`) takes seconds instead of minutes.
let coreOnly = Context.environment["CORE_ONLY"] == "1"

/// `STANDALONE=1` links Swift's libraries into the program (docs/decisions/024-standalone.md). For the program alone: tests
/// need the shared ones.
let standalone: [LinkerSetting] =
    Context.environment["STANDALONE"] == "1"
    ? [
        .unsafeFlags(
            [
                "-static-stdlib", "-L.build/standalone", "-Xlinker", "--as-needed", "-Xlinker", "-S", "-lFoundation",
                "-lCoreFoundation", "-lFoundationInternationalization", "-lFoundationEssentials",
                "-l_FoundationCollections", "-l_FoundationCShims", "-l_FoundationICU", "-lstdc++", "-lm",
                "-Xclang-linker", "-static-libgcc",
            ], .when(platforms: [.linux]))
    ] : []

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The generated code is not ours to warn about.
let generatedSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let grpc = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioReloading = Target.Dependency.product(name: "NIOCertificateReloading", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")

let coreTargets: [Target] = [
    .target(name: "GridModel", swiftSettings: settings),
    .target(name: "GridLogic", dependencies: ["GridModel"], swiftSettings: settings),
    .target(name: "GridSimulation", dependencies: ["GridLogic", "GridModel"], swiftSettings: settings),
    .testTarget(name: "GridModelTests", dependencies: ["GridModel"], swiftSettings: settings),
    .testTarget(
        name: "GridLogicTests", dependencies: ["GridLogic", "GridModel"], exclude: ["Transcripts"],
        swiftSettings: settings),
    .testTarget(
        name: "SimulationTests", dependencies: ["GridSimulation", "GridLogic", "GridModel"], swiftSettings: settings),
]

let gridTargets: [Target] = [
    .target(
        name: "GridWire", dependencies: ["GridModel", grpc, grpcProtobuf, protobuf], swiftSettings: generatedSettings),
    .target(
        name: "GridStore",
        dependencies: ["GridModel", "GridWire", logging, protobuf, .product(name: "GRDB", package: "GRDB.swift")],
        swiftSettings: settings),
    .target(
        name: "GridIdentity", dependencies: ["GridModel", x509, crypto, asn1, logging], swiftSettings: settings),
    .target(
        name: "GridTransport",
        dependencies: [
            "GridModel", "GridIdentity", grpc, grpcTransport, nioCore, nioPosix, nioReloading, nioSSL, nioTLS,
        ],
        swiftSettings: settings),
    .target(name: "ProcessShims"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
        name: "Executors",
        dependencies: [
            "GridModel", "ProcessShims", logging, .product(name: "Subprocess", package: "swift-subprocess"),
        ],
        swiftSettings: settings),
    .target(
        name: "Discovery",
        dependencies: [
            "GridModel", "GridIdentity", nioCore, nioPosix, nioSSL, nioTLS, x509, asn1, crypto, logging, lifecycle,
        ],
        swiftSettings: settings),
    .target(
        name: "WinRM", dependencies: ["GridModel", crypto, nioCore, nioPosix, nioHTTP1, nioSSL],
        swiftSettings: settings),
    .target(
        name: "Links",
        dependencies: [
            "GridModel", "ProcessShims", "Executors", "WinRM",
            .product(name: "Subprocess", package: "swift-subprocess"),
        ],
        swiftSettings: settings),
    .target(
        name: "Agent",
        dependencies: [
            "GridModel", "GridLogic", "GridWire", "GridIdentity", "GridTransport", "Executors", grpc, logging,
            lifecycle, protobuf,
        ],
        swiftSettings: settings),
    .target(
        name: "Coordinator",
        dependencies: [
            "GridModel", "GridLogic", "GridWire", "GridStore", "GridIdentity", "GridTransport", "Executors", grpc,
            grpcProtobuf, protobuf, logging, lifecycle,
        ],
        swiftSettings: settings),
    .target(
        name: "NoizyClient",
        dependencies: [
            "GridModel", "GridWire", "GridIdentity", "GridTransport", grpc, grpcTransport, grpcProtobuf, protobuf,
        ],
        swiftSettings: settings),
    .executableTarget(
        name: "noizylab",
        dependencies: [
            "GridModel", "GridLogic", "GridSimulation", "GridWire", "GridStore", "GridIdentity", "GridTransport",
            "Executors", "Links", "WinRM", "Agent", "Coordinator", "Discovery", "NoizyClient", "ProcessShims", "CZlib",
            logging, lifecycle, unixSignals, grpc, protobuf, nioPosix,
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "TOMLKit", package: "TOMLKit"),
        ],
        // Its tests see its insides, in the one configuration that is built (docs/decisions/002-one-build.md).
        swiftSettings: settings + [.unsafeFlags(["-enable-testing"])], linkerSettings: standalone),
    .target(
        name: "TestSupport", dependencies: ["GridModel", "ProcessShims"], path: "Tests/TestSupport",
        swiftSettings: settings),
    .testTarget(
        name: "GridStoreTests",
        dependencies: ["GridStore", "GridWire", "GridModel", .product(name: "GRDB", package: "GRDB.swift")],
        swiftSettings: settings),
    .testTarget(
        name: "GridIdentityTests", dependencies: ["GridIdentity", "GridModel", x509, crypto, asn1, "TestSupport"],
        swiftSettings: settings),
    .testTarget(
        name: "GridTransportTests",
        dependencies: [
            "GridTransport", "GridIdentity", "GridWire", grpc, grpcTransport, protobuf, nioCore, nioEmbedded, nioPosix,
            nioSSL, "TestSupport",
        ],
        swiftSettings: settings),
    .testTarget(name: "ExecutorsTests", dependencies: ["Executors", "GridModel"], swiftSettings: settings),
    .testTarget(
        name: "LinksTests",
        dependencies: ["Links", "WinRM", "Executors", "GridModel", "TestSupport"],
        swiftSettings: settings),
    .testTarget(
        name: "DiscoveryTests", dependencies: ["Discovery", "GridIdentity", nioCore, nioPosix, nioSSL],
        swiftSettings: settings),
    .testTarget(
        name: "WinRMTests",
        dependencies: ["WinRM", "GridModel", "TestSupport", crypto, nioCore, nioEmbedded, nioHTTP1],
        swiftSettings: settings),
    .testTarget(
        name: "AgentTests",
        dependencies: [
            "Agent", "Executors", "GridModel", "GridWire", "GridIdentity", "GridTransport", grpc, logging, lifecycle,
            protobuf, "TestSupport",
        ],
        swiftSettings: settings),
    .testTarget(
        name: "CoordinatorTests",
        dependencies: [
            "Coordinator", "GridStore", "GridLogic", "GridModel", "GridWire", "GridIdentity", "GridTransport", grpc,
            grpcTransport, grpcProtobuf, protobuf, logging, lifecycle, "TestSupport",
        ],
        swiftSettings: settings),
    .testTarget(
        name: "NoizylabTests",
        dependencies: [
            "noizylab", "Agent", "Discovery", "NoizyClient", "GridLogic", "GridModel", "GridWire", "GridIdentity",
            "CZlib",
            protobuf,
        ],
        swiftSettings: settings),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "GridModel", "GridWire", "GridIdentity", "NoizyClient", "ProcessShims", nioCore, nioPosix,
            .product(name: "Subprocess", package: "swift-subprocess"), "noizylab", "TestSupport",
        ],
        exclude: ["Python"], swiftSettings: settings),
]

let dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
]

let package = Package(
    name: "noizylab",
    platforms: [.macOS(.v15)],
    products: coreOnly
        ? []
        : [
            .executable(name: "noizylab", targets: ["noizylab"]),
            .library(name: "NoizyClient", targets: ["NoizyClient"]),
        ],
    dependencies: coreOnly ? [] : dependencies,
    targets: coreOnly ? coreTargets : coreTargets + gridTargets
)
