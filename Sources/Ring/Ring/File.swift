public import Base
internal import CLiburing
internal import Glibc

/// An open file. Reading and writing go through the calling core's ring.
public final class File: Sendable {
    /// How a file is opened.
    public enum Mode: Sendable {
        /// For reading.
        case read
        /// For reading and writing; made when missing.
        case readWrite
        /// For reading and writing; must not exist yet.
        case createNew
    }

    private let descriptor: Descriptor

    /// Takes over an open descriptor.
    public init(owning descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// The descriptor, open as long as this lives.
    public var number: Int32 { descriptor.number }

    /// Opens `path`. Never follows a symbolic link in its last part.
    public static func open(_ path: String, _ mode: Mode) async throws(Errno) -> File {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR | O_CREAT
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            }
        let path = CPath(path)
        let result = unsafe await FileOperation.run(owning: path) { entry in
            unsafe io_uring_prep_openat(
                entry, AT_FDCWD, path.pointer, flags | O_CLOEXEC | O_NOFOLLOW, 0o640)
        }
        guard result >= 0 else { throw Errno(-result) }
        return File(owning: Descriptor(owning: result))
    }

    /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
    public func read(at offset: UInt64, count: Int) async throws(Errno) -> Bytes {
        let memory = FileMemory(count: count)
        let number = number
        var filled = 0
        while filled < count {
            let start = filled
            let result = unsafe await FileOperation.run(owning: memory) { entry in
                unsafe io_uring_prep_read(
                    entry, number, memory.pointer.advanced(by: start), UInt32(count - start),
                    offset + UInt64(start))
            }
            if result < 0 {
                if Errno(-result) == .interrupted { continue }
                throw Errno(-result)
            }
            if result == 0 { break }
            filled += Int(result)
        }
        return memory.bytes(count: filled)
    }

    /// Reads what is there of a pipe, up to `count` bytes; empty at its end.
    public func readStream(count: Int) async throws(Errno) -> Bytes {
        let memory = FileMemory(count: count)
        let number = number
        while true {
            let result = unsafe await FileOperation.run(owning: memory) { entry in
                // An offset of -1 is the current position.
                unsafe io_uring_prep_read(entry, number, memory.pointer, UInt32(count), .max)
            }
            if result >= 0 { return memory.bytes(count: Int(result)) }
            if Errno(-result) != .interrupted { throw Errno(-result) }
        }
    }

    /// Writes all of `bytes` at `offset`.
    public func write(_ bytes: Bytes, at offset: UInt64) async throws(Errno) {
        let number = number
        let box = BytesBox(bytes)
        var written = 0
        while written < bytes.count {
            let start = written
            let result = unsafe await FileOperation.run(owning: box) { entry in
                // Safe because: the box keeps the bytes until the kernel has answered.
                unsafe bytes.withUnsafeBytes { memory in
                    unsafe io_uring_prep_write(
                        entry, number, memory.baseAddress?.advanced(by: start),
                        UInt32(min(memory.count - start, 1 << 30)), offset + UInt64(start))
                }
            }
            if result <= 0 {
                if Errno(-result) == .interrupted { continue }
                throw result == 0 ? Errno(EIO) : Errno(-result)
            }
            written += Int(result)
        }
    }

    /// Returns when contents and metadata are on the disk.
    public func synchronize() async throws(Errno) {
        let number = number
        let result = unsafe await FileOperation.run(owning: self) { entry in
            unsafe io_uring_prep_fsync(entry, number, 0)
        }
        guard result >= 0 else { throw Errno(-result) }
    }

    /// Sets the length, cutting or padding with zeros.
    public func truncate(to count: UInt64) throws(Errno) {
        try systemCall { ftruncate(number, Int(count)) }
    }

    /// What the file system knows of it.
    public func statistics() throws(Errno) -> FileStatistics {
        var status = stat()
        try systemCall { unsafe fstat(number, &status) }
        return FileStatistics(status)
    }
}

/// Size and times of a file.
public struct FileStatistics: Sendable, Equatable {
    public let sizeBytes: UInt64
    public let modified: Timestamp
    public let modifiedNanoseconds: Int
    public let inode: UInt64
    public let isDirectory: Bool

    init(_ status: stat) {
        sizeBytes = UInt64(max(0, status.st_size))
        modified = Timestamp(
            milliseconds: Int64(status.st_mtim.tv_sec) * 1000
                + Int64(status.st_mtim.tv_nsec) / 1_000_000)
        modifiedNanoseconds = Int(status.st_mtim.tv_nsec)
        inode = UInt64(status.st_ino)
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
    }
}

/// Changes to the file system's tree.
public enum FileSystem {
    /// Renames within one file system, replacing what is there.
    public static func rename(_ from: String, to: String) async throws(Errno) {
        let pair = CPathPair(CPath(from), CPath(to))
        let result = unsafe await FileOperation.run(owning: pair) { entry in
            unsafe io_uring_prep_renameat(
                entry, AT_FDCWD, pair.first.pointer, AT_FDCWD, pair.second.pointer, 0)
        }
        guard result >= 0 else { throw Errno(-result) }
    }

    /// Removes a file.
    public static func remove(_ path: String) async throws(Errno) {
        try await unlink(path, flags: 0)
    }

    /// Removes an empty directory.
    public static func removeDirectory(_ path: String) async throws(Errno) {
        try await unlink(path, flags: Int32(AT_REMOVEDIR))
    }

    private static func unlink(_ path: String, flags: Int32) async throws(Errno) {
        let path = CPath(path)
        let result = unsafe await FileOperation.run(owning: path) { entry in
            unsafe io_uring_prep_unlinkat(entry, AT_FDCWD, path.pointer, flags)
        }
        guard result >= 0 else { throw Errno(-result) }
    }

    /// Makes one directory; one that exists is fine.
    public static func makeDirectory(_ path: String) async throws(Errno) {
        let path = CPath(path)
        let result = unsafe await FileOperation.run(owning: path) { entry in
            unsafe io_uring_prep_mkdirat(entry, AT_FDCWD, path.pointer, 0o750)
        }
        guard result >= 0 || result == -EEXIST else { throw Errno(-result) }
    }

    /// Makes a directory and those above it.
    public static func makeDirectories(_ path: String) async throws(Errno) {
        do throws(Errno) {
            try await makeDirectory(path)
        } catch {
            guard error == .notFound, let slash = path.lastIndex(of: "/"), slash > path.startIndex
            else { throw error }
            try await makeDirectories(String(path[..<slash]))
            try await makeDirectory(path)
        }
    }

    /// Returns when the entries of a directory are on the disk.
    public static func synchronizeDirectory(_ path: String) async throws(Errno) {
        let cPath = CPath(path)
        let result = unsafe await FileOperation.run(owning: cPath) { entry in
            unsafe io_uring_prep_openat(
                entry, AT_FDCWD, cPath.pointer, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        guard result >= 0 else { throw Errno(-result) }
        try await File(owning: Descriptor(owning: result)).synchronize()
    }
}

/// Runs one operation of the file system on the calling core.
enum FileOperation {
    static func run(
        owning owned: AnyObject, _ prepare: (UnsafeMutablePointer<io_uring_sqe>) -> Void
    ) async -> Int32 {
        guard let core = Core.current else {
            invariantFailed("a file operation outside of a core", file: #fileID, line: #line)
        }
        let waiter = Waiter()
        return await waiter.wait {
            waiter.owned = owned
            unsafe core.submit(waiter, prepare)
        }
    }
}

/// A path as C sees it, in memory that stays while the kernel reads it. A NUL inside would cut it
/// short, so such a path becomes an empty one, which no call takes.
@safe
final class CPath {
    let pointer: UnsafeMutablePointer<CChar>

    init(_ path: String) {
        let bytes = path.utf8.contains(0) ? [] : Array(path.utf8)
        unsafe pointer = .allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() {
            unsafe pointer[index] = CChar(bitPattern: byte)
        }
        unsafe pointer[bytes.count] = 0
    }

    deinit { unsafe pointer.deallocate() }
}

private final class CPathPair {
    let first: CPath
    let second: CPath

    init(_ first: CPath, _ second: CPath) {
        self.first = first
        self.second = second
    }
}

private final class BytesBox {
    let bytes: Bytes

    init(_ bytes: Bytes) {
        self.bytes = bytes
    }
}

/// Memory that a read fills.
@safe
private final class FileMemory {
    let pointer: UnsafeMutableRawPointer

    init(count: Int) {
        unsafe pointer = .allocate(byteCount: max(1, count), alignment: 16)
    }

    func bytes(count: Int) -> Bytes {
        unsafe Bytes(UnsafeRawBufferPointer(start: pointer, count: count).bytes)
    }

    deinit { unsafe pointer.deallocate() }
}
