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

    deinit {
        nftw(path, { path, _, _, _ in path.map { remove($0) } ?? 0 }, 16, FTW_DEPTH | FTW_PHYS)
    }
}
