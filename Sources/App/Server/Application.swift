internal import Accounts
public import Base
internal import Database
public import HTTP
public import Ring

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
    private let configuration: Configuration
    private let group: CoreGroup
    private let database: Database
    private let server: HTTPServer

    /// Opens the stores, assembles the features and listens. Call on a core of `group`.
    public static func start(
        _ configuration: Configuration, on group: CoreGroup
    ) async throws -> Application {
        Log.level = configuration.logLevel
        let data = configuration.dataDirectory
        do throws(Errno) {
            try await FileSystem.makeDirectories(data)
        } catch {
            throw StartFailure(description: "data: cannot make \(data): \(error)")
        }
        let database = try open("\(data)/sluice.db")
        var settings = Accounts.Settings()
        settings.isRegistrationOpen = configuration.isRegistrationOpen
        settings.publicOrigin = configuration.publicURL
        let accounts = try await Accounts(database: database, settings: settings)
        var router = Router()
        Middlewares.add(to: &router, configuration: configuration)
        accounts.addRoutes(to: &router)
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
        let base = configuration.publicURL ?? "http://\(browsable(address))"
        let token = try await accounts.makeSetupToken()
        return Application(
            httpAddress: address, setupURL: token.map { "\(base)/setup?token=\($0)" },
            configuration: configuration, group: group, database: database, server: server)
    }

    private init(
        httpAddress: SocketAddress, setupURL: String?, configuration: Configuration,
        group: CoreGroup, database: Database, server: HTTPServer
    ) {
        self.httpAddress = httpAddress
        self.setupURL = setupURL
        self.configuration = configuration
        self.group = group
        self.database = database
        self.server = server
    }

    private static func open(_ path: String) throws -> Database {
        do {
            return try Stores.open(path)
        } catch {
            throw StartFailure(description: "data: cannot open \(path): \(error)")
        }
    }

    /// An address that a browser on this machine can open.
    private static func browsable(_ address: SocketAddress) -> String {
        address.host == "0.0.0.0" || address.host == "::"
            ? "localhost:\(address.port)" : "\(address)"
    }

    /// Stops accepting, lets what is in flight finish for a bounded time, and closes the stores.
    public func stop() async {
        await server.drain(within: .seconds(10))
        database.close()
    }
}
