public import Accounts
public import Database
internal import Jobs

/// The stores that the server and the command line share.
public enum Stores {
    /// Opens the database of a data directory, bringing it up to this binary's schema.
    public static func open(_ path: String) throws -> Database {
        try Database.open(path: path, migrations: migrations, readers: 2)
    }

    private static var migrations: [Migration] {
        (Jobs.migrations + AccountMigrations.all).sorted { $0.number < $1.number }
    }
}
