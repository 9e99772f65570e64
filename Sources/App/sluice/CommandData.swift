internal import Accounts
internal import HTTP
internal import Server

/// Opens the data directory for a command that is not the server.
enum CommandData {
    static func run(
        _ flags: [String], _ body: @escaping @Sendable (Accounts) async throws -> Int32
    ) -> Int32 {
        open(flags) { backstage, _ in try await body(backstage.accounts) }
    }

    static func open(
        _ flags: [String],
        _ body: @escaping @Sendable (Backstage, Configuration) async throws -> Int32
    ) -> Int32 {
        let configuration: Configuration
        do throws(Configuration.Invalid) {
            configuration = try Configuration.load(
                arguments: flags, environment: Console.environment)
        } catch {
            return Console.refuse(error.description)
        }
        return Blocking.run(cores: 1) { _, _ in
            do {
                let backstage = try await Backstage.open(configuration)
                let status = try await body(backstage, configuration)
                await backstage.close()
                return status
            } catch let error as any ProblemConvertible {
                let problem = error.problem
                let fields = problem.errors.map { "\($0.field) \($0.detail)" }
                return Console.fail(
                    fields.isEmpty
                        ? problem.detail ?? problem.title : fields.joined(separator: "; "))
            } catch {
                return Console.fail("\(error)")
            }
        }
    }
}
