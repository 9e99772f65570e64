// swift-tools-version: 6.3
// The folders of `Sources/` are the floors of the house, ground first; imports go down only.
// `docs/architecture.md` draws the picture. `make lint` fails on an import that is not declared here.
import PackageDescription

let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

/// A floor of the house: a Swift module under `Sources/<floor>/<name>`.
func module(_ floor: String, _ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(floor)/\(name)",
        swiftSettings: common + [.strictMemorySafety()])
}

/// A C library of the system: a module map and a shim under `Sources/C/<name>`.
func library(_ name: String, pkgConfig: String? = nil, apt: [String]) -> Target {
    .systemLibrary(
        name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt(apt)])
}

func tests(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: dependencies,
        path: "Tests/\(name)Tests",
        swiftSettings: common)
}

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    targets: [
        // C: module maps and shims
        .target(name: "CPlatform", path: "Sources/C/CPlatform"),
        .target(name: "CAssets", path: "Sources/C/CAssets"),
        .target(name: "CAV", path: "Sources/C/CAV"),
        .target(name: "CSandbox", path: "Sources/C/CSandbox"),
        library("CLiburing", pkgConfig: "liburing", apt: ["liburing-dev"]),
        library("COpenSSL", pkgConfig: "openssl", apt: ["libssl-dev"]),
        library("CSQLite", pkgConfig: "sqlite3", apt: ["libsqlite3-dev"]),
        library("CArgon2", pkgConfig: "libargon2", apt: ["libargon2-dev"]),
        library("CZlib", pkgConfig: "zlib", apt: ["zlib1g-dev"]),
        library("CBrotli", pkgConfig: "libbrotlienc", apt: ["libbrotli-dev"]),
        library("CYAML", pkgConfig: "yaml-0.1", apt: ["libyaml-dev"]),

        // Base: bytes, clock, ids, log, cryptography
        module("Base", "Base", uses: ["CPlatform", "COpenSSL"]),

        // Wire: protocols as pure machines
        module("Wire", "HTTPWire", uses: ["Base", "CZlib", "CBrotli"]),
        module("Wire", "MediaWire", uses: ["Base"]),

        // Ring: one core per CPU
        module("Ring", "Ring", uses: ["Base", "CPlatform", "CLiburing"]),

        // Net: the machines of Wire tied to Ring
        module("Net", "TLS", uses: ["Ring", "Base", "COpenSSL"]),
        module("Net", "HTTP", uses: ["HTTPWire", "TLS", "Ring", "Base"]),

        // Workers: sandboxed children
        module("Workers", "Workers", uses: ["Ring", "Base", "CPlatform", "CSandbox"]),
        module("Workers", "Transcode", uses: ["Workers", "MediaWire", "Base", "CAV"]),

        // Stores: one interface, an embedded and a distributed engine behind each
        module("Stores", "Database", uses: ["HTTP", "HTTPWire", "Base", "CSQLite"]),
        module("Stores", "ObjectStore", uses: ["HTTP", "HTTPWire", "Ring", "Base"]),
        module("Stores", "Bus", uses: ["Ring", "Base"]),
        module("Stores", "Jobs", uses: ["Database", "Base"]),

        // Features: what people do
        module("Features", "Contracts", uses: ["HTTP", "HTTPWire", "Base"]),
        module(
            "Features", "Accounts",
            uses: ["Contracts", "Database", "HTTP", "HTTPWire", "Ring", "Base", "CArgon2"]),
        module(
            "Features", "Videos",
            uses: [
                "Contracts", "Database", "ObjectStore", "Jobs", "Bus", "Workers", "Transcode",
                "MediaWire", "HTTP", "HTTPWire", "Ring", "Base",
            ]),

        // App: the only place that knows everything
        module(
            "App", "Server",
            uses: [
                "Accounts", "Videos", "Contracts", "Database", "ObjectStore", "Jobs", "Bus",
                "Workers", "Transcode", "HTTP", "HTTPWire", "TLS", "Ring", "Base", "CAssets",
                "CYAML", "CPlatform",
            ]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Server", "Accounts", "Videos", "Transcode", "Workers", "Contracts", "Database",
                "ObjectStore", "Jobs", "HTTP", "TLS", "Ring", "Base", "CPlatform",
            ],
            path: "Sources/App/sluice",
            swiftSettings: common + [.strictMemorySafety()]),

        // Tests
        tests("Base", uses: ["Base"]),
        tests("Ring", uses: ["Ring", "Base", "CPlatform"]),
        tests("HTTPWire", uses: ["HTTPWire", "Base"]),
        tests("MediaWire", uses: ["MediaWire", "Base"]),
        tests("TLS", uses: ["TLS", "Ring", "Base"]),
        tests("HTTP", uses: ["HTTP", "HTTPWire", "TLS", "Ring", "Base"]),
        tests("Workers", uses: ["Workers", "Transcode", "MediaWire", "Ring", "Base", "CPlatform"]),
        // Killed at any moment by the tests of the stores.
        .executableTarget(
            name: "store-fault-writer",
            dependencies: ["Database", "ObjectStore", "Jobs", "Ring", "Base"],
            path: "Tests/StoreFaultWriter",
            swiftSettings: common),
        tests(
            "Stores",
            uses: [
                "store-fault-writer", "Database", "ObjectStore", "Jobs", "Bus", "HTTP", "HTTPWire",
                "Ring", "Base",
            ]),
        tests("Accounts", uses: ["Accounts", "Contracts", "Database", "HTTP", "HTTPWire", "Base"]),
        tests(
            "Videos",
            uses: [
                "Videos", "Accounts", "Contracts", "Database", "ObjectStore", "Jobs", "Bus", "HTTP",
                "HTTPWire",
                "MediaWire", "Ring", "Base",
            ]),
        tests("Server", uses: ["Server", "HTTP", "Ring", "Base"]),
    ])
