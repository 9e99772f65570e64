internal import Base
internal import Glibc
internal import Ring
internal import Server

/// `sluice serve`: runs until it is told to stop.
enum ServeCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let configuration: Configuration
        do throws(Configuration.Invalid) {
            configuration = try Configuration.load(
                arguments: arguments, environment: Console.environment)
        } catch {
            return Console.refuse(error.description)
        }
        return Blocking.run(cores: configuration.coreCount, pinned: true) { group, signals in
            let application: Application
            do {
                application = try await Application.start(configuration, on: group)
            } catch {
                return Console.refuse("\(error)")
            }
            if let setup = application.setupURL {
                Console.say("first administrator: \(setup)")
            }
            Console.say("listening http \(application.httpAddress)")
            do {
                try await signals.watch { signal in
                    guard signal == SIGTERM || signal == SIGINT else { return }
                    await application.stop()
                    // The cores have nothing left to do; what tasks remain may not keep us.
                    exit(0)
                }
            } catch {
                return Console.fail("cannot wait for signals: \(error)")
            }
            return 0
        }
    }
}
