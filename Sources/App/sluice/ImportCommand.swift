internal import Accounts
internal import Base
internal import Contracts
internal import Glibc
internal import Ring
internal import Server
internal import Videos

/// `sluice import`: converts, stores and publishes films, with a progress bar for each.
enum ImportCommand {
    static func run(_ arguments: [String]) -> Int32 {
        var rest = arguments[...]
        var paths: [String] = []
        var owner: String?
        var privacy = Privacy.public
        var flags: [String] = []
        while let argument = rest.popFirst() {
            switch argument {
            case "--as": owner = rest.popFirst()
            case "--privacy":
                guard let name = rest.popFirst(), let value = Privacy(rawValue: name) else {
                    return Console.refuse("import: --privacy is public, unlisted or private")
                }
                privacy = value
            case "--data", "--config":
                guard let value = rest.popFirst() else { return usage }
                flags += [argument, value]
            default:
                if argument.hasPrefix("-") { return usage }
                paths.append(argument)
            }
        }
        guard !paths.isEmpty else { return usage }
        let (films, name, wanted) = (paths.flatMap(files), owner, privacy)
        guard !films.isEmpty else { return Console.refuse("import: no files in \(paths[0])") }
        return CommandData.open(flags) { backstage, configuration in
            let accounts = try await backstage.accounts.list()
            let found =
                name.map { name in accounts.first { $0.username == name } }
                ?? accounts.first { $0.role == .admin }
            guard let account = found else {
                return Console.refuse("import: --as needs an account; see sluice user add")
            }
            let principal = Principal(
                userID: account.id, username: account.username, role: account.role)
            guard let core = Core.current else { return 1 }
            try await backstage.startWork(on: core, jobs: configuration.transcodeJobs)
            var status: Int32 = 0
            for film in films {
                let isDone = try await bring(film, principal, wanted, backstage.videos)
                if !isDone { status = 1 }
            }
            return status
        }
    }

    private static var usage: Int32 {
        Console.refuse("import: FILE|DIR... [--as NAME] [--privacy P] [--data DIR]")
    }

    private static let extensions: Set<String> = [
        "mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "flv", "mpg", "mpeg", "ogv",
        "3gp", "mp3", "m4a", "flac", "wav", "ogg", "wmv", "mxf",
    ]

    /// A file as it is; of a directory, what looks like films, by name.
    private static func files(_ path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [path] }
        defer { unsafe closedir(directory) }
        var found: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            let suffix = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
            if !name.hasPrefix("."), extensions.contains(suffix) {
                found.append(path + "/" + name)
            }
        }
        return found.sorted()
    }

    private static func bring(
        _ path: String, _ owner: Principal, _ privacy: Privacy, _ videos: Videos
    ) async throws -> Bool {
        let bar = ProgressBar(title: path.split(separator: "/").last.map(String.init) ?? path)
        let id: Identifier
        do {
            id = try await videos.importFile(path, owner: owner, privacy: privacy) { done, total in
                bar.show("copying", Double(done) / Double(max(1, total)), bytes: done)
            }
        } catch let error as Errno {
            bar.end("\(error)")
            return false
        }
        while true {
            guard let video = try await videos.state(of: id) else {
                bar.end("it was deleted meanwhile")
                return false
            }
            switch video.status {
            case .ready:
                bar.end("done: /watch/\(id)")
                return true
            case .failed:
                bar.end("failed: \(video.failure ?? "for no known reason")")
                return false
            default:
                bar.show("transcoding", video.progress, bytes: nil)
                try await Core.sleep(for: .milliseconds(250))
            }
        }
    }
}
