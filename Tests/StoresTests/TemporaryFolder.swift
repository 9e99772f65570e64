import Base
import Glibc

/// A folder of one test, removed with what is in it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws(Errno) {
        path = "/tmp/sluice-stores-\(Identifier())"
        let path = path
        try systemCall { mkdir(path, 0o700) }
    }

    func file(_ name: String) -> String { path + "/" + name }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        String(cString: $0)
                    }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(folder)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
