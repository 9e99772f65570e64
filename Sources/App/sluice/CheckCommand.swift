internal import Server

/// `sluice check`: validates a configuration and reports the machine.
enum CheckCommand {
    static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count <= 1 else { return Console.refuse("check: at most one file") }
        do throws(Configuration.Invalid) {
            if let file = arguments.first {
                _ = try Configuration.load(file: file, environment: Console.environment)
                Console.say("configuration: \(file) is good")
            } else {
                _ = try Configuration.load(arguments: [], environment: Console.environment)
                Console.say("configuration: environment and defaults are good")
            }
        } catch {
            return Console.refuse(error.description)
        }
        for line in MachineReport.lines() { Console.say(line) }
        return 0
    }
}
