internal import Glibc
internal import Server
internal import Transcode

/// The command line: one binary, several commands.
@main
enum Main {
    static let version = "0.1.0"

    static func main() {
        var arguments = CommandLine.arguments.dropFirst()
        let command = arguments.popFirst() ?? "help"
        let rest = Array(arguments)
        switch command {
        // Before anything else runs: a worker gives up the right to most of it.
        case "worker": exit(worker(rest))
        case "serve": exit(ServeCommand.run(rest))
        case "user": exit(UserCommand.run(rest))
        case "import": exit(ImportCommand.run(rest))
        case "check": exit(CheckCommand.run(rest))
        case "version", "--version": exit(Console.say("sluice \(version)"))
        case "help", "--help", "-h": exit(Console.say(help))
        default: exit(Console.refuse("unknown command \(command); see sluice help"))
        }
    }

    private static func worker(_ arguments: [String]) -> Int32 {
        arguments == ["media"]
            ? MediaWorker.run() : Console.refuse("worker: not for people")
    }

    private static let help = """
        sluice: a video server

          sluice serve [--config FILE] [--data DIR] [--listen ADDR:PORT]
                       [--tls-cert FILE --tls-key FILE] [--cores N] [--public-url URL]
          sluice user add NAME [--email E] [--admin] | passwd NAME | list | disable NAME
                       (the password is read from standard input)
          sluice import FILE|DIR... --as NAME [--privacy P] [--data DIR]
          sluice check [CONFIG]
          sluice version

        Settings: flag, environment (SLUICE_HTTP_LISTEN), YAML file (http: {listen: ...}), default.
        \(Configuration.settingsHelp)
        """
}
