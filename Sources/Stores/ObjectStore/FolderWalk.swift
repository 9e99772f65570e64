internal import Base
internal import Glibc

/// Reads folders. Blocks: runs on the store's worker.
enum FolderWalk {
    struct Entry: Sendable {
        let name: String
        let isFolder: Bool
        let sizeBytes: UInt64
        let modified: Timestamp
    }

    /// What is in `folder`, in the order of keys: folders sort with their slash. A folder that is
    /// missing is empty.
    static func entries(_ folder: String) throws(Errno) -> [Entry] {
        guard let stream = unsafe opendir(folder) else {
            let error = Errno.last
            if error == .notFound || error == .notDirectory { return [] }
            throw error
        }
        defer { unsafe closedir(stream) }
        let number = unsafe dirfd(stream)
        var entries: [Entry] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe name(of: entry)
            if name == "." || name == ".." { continue }
            var status = stat()
            guard unsafe fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            entries.append(
                Entry(
                    name: name, isFolder: status.st_mode & S_IFMT == S_IFDIR,
                    sizeBytes: UInt64(max(0, status.st_size)),
                    modified: Timestamp(
                        milliseconds: Int64(status.st_mtim.tv_sec) * 1000
                            + Int64(status.st_mtim.tv_nsec) / 1_000_000)))
        }
        return entries.sorted { left, right in
            (left.name + (left.isFolder ? "/" : "")).utf8.lexicographicallyPrecedes(
                (right.name + (right.isFolder ? "/" : "")).utf8)
        }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        // Safe because: the kernel ends the name with a NUL within the entry.
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
            unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
                unsafe String(cString: $0)
            }
        }
    }

    /// Collects the objects below `prefix` (a key, or empty for all) that come after `cursor`.
    static func list(
        objects: String, prefix: String, after cursor: String?, limit: Int
    ) throws(Errno) -> [ListedObject] {
        var found: [ListedObject] = []
        try walk(objects, prefix, after: cursor, limit: limit, depth: 0, into: &found)
        return found
    }

    private static func walk(
        _ objects: String, _ prefix: String, after cursor: String?, limit: Int, depth: Int,
        into found: inout [ListedObject]
    ) throws(Errno) {
        guard depth < ObjectKey.depthMax else { return }
        let folder = prefix.isEmpty ? objects : objects + "/" + prefix
        for entry in try entries(folder) {
            guard found.count < limit else { return }
            let name = prefix.isEmpty ? entry.name : prefix + "/" + entry.name
            if entry.isFolder {
                let start = name + "/"
                if let cursor, !cursor.hasPrefix(start), precedes(start, cursor) { continue }
                try walk(
                    objects, name, after: cursor, limit: limit, depth: depth + 1, into: &found)
            } else if let key = ObjectKey(name), cursor.map({ precedes($0, name) }) ?? true {
                found.append(
                    ListedObject(
                        key: key, sizeBytes: entry.sizeBytes, modified: entry.modified))
            }
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Removes a folder with all that is in it.
    static func removeTree(_ folder: String) throws(Errno) {
        for entry in try entries(folder) {
            let path = folder + "/" + entry.name
            if entry.isFolder {
                try removeTree(path)
            } else {
                try systemCall { unsafe unlink(path) }
            }
        }
        try systemCall { unsafe rmdir(folder) }
    }

    /// Removes the file at `path` unless somebody has it open for writing. Returns whether.
    static func removeUnlocked(_ path: String) throws(Errno) -> Bool {
        let number: Int32
        do throws(Errno) {
            number = try systemCall { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        } catch .notFound {
            return false
        }
        let file = Descriptor(owning: number)
        do throws(Errno) {
            try systemCall { flock(file.number, LOCK_EX | LOCK_NB) }
        } catch .wouldBlock {
            return false
        }
        try systemCall { unsafe unlink(path) }
        return true
    }
}
