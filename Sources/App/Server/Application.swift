internal import Accounts
internal import Base
internal import HTTP
public import Ring
internal import Videos

/// A running server: everything that the configuration asks for, put together.
public final class Application: Sendable {
    /// Why the server did not start, in one line.
    public struct StartFailure: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Where HTTP is served.
    public let httpAddress: SocketAddress
    /// The one-time link that makes the first administrator, while there is none.
    public let setupURL: String?
    private let backstage: Backstage
    private let server: HTTPServer

    /// Opens the stores, assembles the features and listens. Call on a core of `group`.
    public static func start(
        _ configuration: Configuration, on group: CoreGroup
    ) async throws -> Application {
        Log.level = configuration.logLevel
        let backstage = try await Backstage.open(configuration)
        var router = Router()
        Filters.add(to: &router, configuration: configuration)
        backstage.accounts.addRoutes(to: &router)
        backstage.videos.addRoutes(to: &router)
        Health.addRoutes(to: &router)
        WebApp.addRoutes(to: &router)
        var limits = HTTPLimits()
        limits.connectionsPerAddressMax = configuration.connectionsPerAddress
        let server = HTTPServer(router: router, limits: limits)
        let address: SocketAddress
        do throws(Errno) {
            address = try server.listen(configuration.listen, on: group)
        } catch {
            throw StartFailure(
                description: "http.listen: cannot listen on \(configuration.listen): \(error)")
        }
        let last = group.cores[group.cores.count - 1]
        try await backstage.startWork(on: last, jobs: configuration.transcodeJobs)
        let base = configuration.publicURL ?? "http://\(browsable(address))"
        let token = try await backstage.accounts.makeSetupToken()
        return Application(
            httpAddress: address, setupURL: token.map { "\(base)/setup?token=\($0)" },
            backstage: backstage, server: server)
    }

    private init(
        httpAddress: SocketAddress, setupURL: String?, backstage: Backstage, server: HTTPServer
    ) {
        self.httpAddress = httpAddress
        self.setupURL = setupURL
        self.backstage = backstage
        self.server = server
    }

    /// An address that a browser on this machine can open.
    private static func browsable(_ address: SocketAddress) -> String {
        address.host == "0.0.0.0" || address.host == "::"
            ? "localhost:\(address.port)" : "\(address)"
    }

    /// Stops accepting, lets what is in flight finish for a bounded time, and closes the stores.
    public func stop() async {
        await server.drain(within: .seconds(10))
        await backstage.close()
    }
}
