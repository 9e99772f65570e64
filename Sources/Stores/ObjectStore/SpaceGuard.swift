internal import Base
internal import Glibc
internal import Synchronization

/// Keeps the file system from running full: what is free, less what open writers have announced
/// and not yet written, never goes below the minimum.
final class SpaceGuard: Sendable {
    private let path: String
    private let minimumFree: UInt64
    private let reserved = Mutex<UInt64>(0)

    init(path: String, minimumFree: UInt64) {
        self.path = path
        self.minimumFree = minimumFree
    }

    /// Bytes that may be used by others than the administrator.
    func freeBytes() throws(Errno) -> UInt64 {
        var status = statvfs()
        let path = path
        try systemCall { unsafe statvfs(path, &status) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? .max : bytes
    }

    /// Announces `count` bytes.
    func reserve(_ count: UInt64) throws(ObjectStoreError) {
        let free: UInt64
        do throws(Errno) { free = try freeBytes() } catch { throw ObjectStoreError(error) }
        let isRoom = reserved.withLock { reserved in
            let (taken, overflow) = reserved.addingReportingOverflow(count)
            let (wanted, overflowToo) = taken.addingReportingOverflow(minimumFree)
            guard !overflow, !overflowToo, wanted <= free else { return false }
            reserved = taken
            return true
        }
        guard isRoom else { throw .noSpace }
    }

    /// Takes back `count` announced bytes: they are written, or never will be.
    func release(_ count: UInt64) {
        reserved.withLock { reserved in
            reserved -= min(reserved, count)
        }
    }

    var reservedBytes: UInt64 { reserved.withLock { $0 } }
}
