public import Base
public import Ring

/// The configuration of one server, complete and checked.
public struct Configuration: Sendable {
    /// Why a configuration was refused: one line that names the key, flag or line.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    public let listen: SocketAddress
    public let publicURL: String?
    public let tls: (certificate: String, key: String)?
    public let corsOrigins: [String]
    public let connectionsPerAddress: Int
    public let requestsPerSecond: Int
    public let dataDirectory: String
    public let coreCount: Int
    public let isRegistrationOpen: Bool
    public let minimumFreeBytes: UInt64
    public let uploadBytesMax: UInt64
    public let segmentSeconds: Int
    public let heightMax: Int
    public let mediaURLLifetime: Duration
    public let hotlinkOrigins: [String]
    public let keepsSource: Bool
    public let transcodeJobs: Int
    public let usesHardware: Bool
    public let logLevel: Log.Level

    /// Checks every value of `values`, which holds one for each setting that has one.
    init(_ values: SettingValues) throws(Invalid) {
        guard let listen = SocketAddress(parsing: values["http.listen"]) else {
            throw Invalid("http.listen: not an address and port: \(values["http.listen"])")
        }
        self.listen = listen
        publicURL = values.optional("http.public_url").map(Self.withoutTrailingSlash)
        switch (values.optional("http.tls_cert"), values.optional("http.tls_key")) {
        case (nil, nil): tls = nil
        case (let certificate?, let key?): tls = (certificate, key)
        case (_?, nil): throw Invalid("http.tls_cert is given without http.tls_key")
        case (nil, _?): throw Invalid("http.tls_key is given without http.tls_cert")
        }
        corsOrigins = values.list("http.cors_origins")
        connectionsPerAddress = values.integer("http.connections_per_address")
        requestsPerSecond = values.integer("http.requests_per_second")
        dataDirectory = values["data"]
        coreCount = values.integer("cores")
        isRegistrationOpen = values["accounts.registration"] == "open"
        minimumFreeBytes = UInt64(values.integer("storage.minimum_free_mb")) << 20
        uploadBytesMax = UInt64(values.integer("uploads.maximum_mb")) << 20
        segmentSeconds = values.integer("media.segment_seconds")
        heightMax = values.integer("media.maximum_height")
        mediaURLLifetime = .seconds(values.integer("media.url_lifetime_seconds"))
        hotlinkOrigins = values.list("media.hotlink_origins")
        keepsSource = values["media.keep_source"] == "true"
        transcodeJobs = values.integer("media.jobs")
        usesHardware = values["media.hardware"] == "auto"
        logLevel =
            switch values["log.level"] {
            case "debug": .debug
            case "warning": .warning
            case "error": .error
            default: .info
            }
    }

    private static func withoutTrailingSlash(_ url: String) -> String {
        url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}
