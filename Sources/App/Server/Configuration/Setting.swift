/// One thing an operator can set, and the one place that lists them all.
///
/// A setting is known by its key in the YAML file (`http.listen`), by the environment variable made
/// from the key (`SLUICE_HTTP_LISTEN`), and, for the common ones, by a flag of `sluice serve`.
public struct Setting: Sendable {
    /// What a value must look like.
    enum Kind: Sendable {
        case text
        case listenAddress
        case path
        case url
        case integer(ClosedRange<Int>)
        case boolean
        case choice([String])
        case origins
    }

    let key: String
    let flag: String?
    let kind: Kind
    let defaultValue: String?
    /// What it does, for `sluice help serve`.
    let summary: String

    private init(
        _ key: String, flag: String? = nil, _ kind: Kind, default defaultValue: String?,
        _ summary: String
    ) {
        self.key = key
        self.flag = flag
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// `SLUICE_` and the key in capitals.
    var environmentName: String {
        "SLUICE_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    static let all: [Setting] = [
        Setting(
            "http.listen", flag: "--listen", .listenAddress, default: "0.0.0.0:8080",
            "address and port of HTTP; port 0 picks a free one"),
        Setting(
            "http.public_url", flag: "--public-url", .url, default: nil,
            "how browsers reach this server, when not by the listen address"),
        Setting("http.tls_cert", flag: "--tls-cert", .path, default: nil, "certificate chain, PEM"),
        Setting("http.tls_key", flag: "--tls-key", .path, default: nil, "private key, PEM"),
        Setting(
            "http.cors_origins", .origins, default: "",
            "origins that may call the API from a browser, comma-separated, or *"),
        Setting(
            "http.connections_per_address", .integer(1...1_000_000), default: "1000",
            "open connections allowed from one address"),
        Setting(
            "http.requests_per_second", .integer(1...1_000_000), default: "200",
            "API requests a second allowed from one address, with bursts of ten times that"),
        Setting("data", flag: "--data", .path, default: "./data", "directory of all that is kept"),
        Setting(
            "cores", flag: "--cores", .integer(0...1024), default: "0",
            "threads that serve; 0 is one per CPU"),
        Setting(
            "accounts.registration", .choice(["open", "closed"]), default: "open",
            "whether anybody may register"),
        Setting(
            "storage.minimum_free_mb", .integer(0...1_000_000_000), default: "512",
            "free space below which uploads are refused"),
        Setting(
            "uploads.maximum_mb", .integer(1...10_000_000), default: "65536",
            "largest upload"),
        Setting(
            "media.segment_seconds", .integer(2...10), default: "4", "length of a segment"),
        Setting(
            "media.maximum_height", .choice(["240", "360", "480", "720", "1080", "1440", "2160"]),
            default: "2160", "highest rung of the ladder"),
        Setting(
            "media.url_lifetime_seconds", .integer(60...604_800), default: "7200",
            "how long a signed media URL is good for"),
        Setting(
            "media.hotlink_origins", .origins, default: "",
            "origins, besides our own, whose pages may play our media; empty allows all"),
        Setting(
            "media.keep_source", .boolean, default: "true",
            "keep the uploaded file after the ladder is done"),
        Setting(
            "media.jobs", .integer(1...64), default: "1", "films transcoded at the same time"),
        Setting(
            "media.hardware", .choice(["auto", "off"]), default: "auto",
            "use the machine's video encoder when it has one"),
        Setting(
            "log.level", .choice(["debug", "info", "warning", "error"]), default: "info",
            "lines below this are not logged"),
    ]
}
