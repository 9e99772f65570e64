public import Accounts
internal import Base
internal import Database
internal import HTTP
internal import Jobs
internal import ObjectStore
public import Ring
public import Videos

/// Everything behind the listeners: stores and features of one data directory. The server and the
/// command line both stand on it.
public final class Backstage: Sendable {
    public let accounts: Accounts
    public let videos: Videos
    private let database: Database
    private let jobs: Jobs

    /// Opens the data directory, bringing its database up to this binary. Call on a core.
    ///
    /// - Throws: ``Application/StartFailure`` in one line.
    public static func open(_ configuration: Configuration) async throws -> Backstage {
        let data = configuration.dataDirectory
        do {
            try await FileSystem.makeDirectories(data)
            let database = try Database.open(
                path: "\(data)/sluice.db", migrations: migrations, readers: 2)
            let store = try await DiskStore.open(
                root: "\(data)/store", minimumFreeBytes: configuration.minimumFreeBytes)
            let jobs = Jobs(database: database, node: try NodeIdentity.load(directory: data))
            return try await Backstage(
                configuration, database: database, store: store, jobs: jobs)
        } catch {
            throw Application.StartFailure(description: "data: cannot use \(data): \(error)")
        }
    }

    private static var migrations: [Migration] {
        Jobs.migrations + AccountMigrations.all + VideoMigrations.all
    }

    private init(
        _ configuration: Configuration, database: Database, store: DiskStore, jobs: Jobs
    ) async throws {
        var accountSettings = Accounts.Settings()
        accountSettings.isRegistrationOpen = configuration.isRegistrationOpen
        accountSettings.publicOrigin = configuration.publicURL
        let accounts = try await Accounts(database: database, settings: accountSettings)
        let keys = try await KeyRing(purpose: "media", database: database)
        let signer = URLSigner(keys: keys.all.map { .init(id: $0.id, secret: $0.secret) })
        var settings = Videos.Settings()
        settings.publicOrigin = configuration.publicURL
        settings.uploadBytesMax = Int64(clamping: configuration.uploadBytesMax)
        settings.playbackLifetime = configuration.mediaURLLifetime
        settings.keepsSource = configuration.keepsSource
        settings.embeddingHosts = configuration.hotlinkOrigins
        let workers = MediaWorkers(
            segmentSeconds: configuration.segmentSeconds, heightMax: configuration.heightMax,
            threads: Machine.cpuCount)
        videos = Videos(
            Videos.Dependencies(
                database: database, store: store, jobs: jobs, signer: signer,
                authentication: accounts, directory: accounts, passwords: accounts),
            work: workers.work, settings: settings)
        self.accounts = accounts
        self.database = database
        self.jobs = jobs
    }

    /// Takes jobs and keeps house, on `core`.
    public func startWork(on core: Core, jobs count: Int) async throws {
        videos.startPipeline(concurrency: count) { core.spawn($0) }
        try await jobs.start()
        core.spawn { await self.keepHouse() }
    }

    /// Removes what is left over, once an hour.
    private func keepHouse() async {
        while true {
            do {
                try await accounts.sweep()
                try await videos.sweep()
                try await Core.sleep(for: .seconds(3600))
            } catch is CancellationError {
                return
            } catch {
                Log.warning("housekeeping failed", ["error": "\(error)"])
                do {
                    try await Core.sleep(for: .seconds(600))
                } catch {
                    return
                }
            }
        }
    }

    /// Lets jobs go, to be taken up after the next start, and closes the stores.
    public func close() async {
        await jobs.stop()
        database.close()
    }
}
