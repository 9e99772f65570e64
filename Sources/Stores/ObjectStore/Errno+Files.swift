internal import Base
internal import Glibc

extension Errno {
    static let quota = Errno(EDQUOT)
    static let isDirectory = Errno(EISDIR)
    static let notDirectory = Errno(ENOTDIR)
    static let notEmpty = Errno(ENOTEMPTY)
    static let tooManyFiles = Errno(EMFILE)
    static let tooManyFilesInSystem = Errno(ENFILE)
}
