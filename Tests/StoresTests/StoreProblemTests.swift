import Database
import HTTP
import HTTPWire
import ObjectStore
import Testing

@Suite("What clients are told of stores") struct StoreProblemTests {
    @Test(
        "each error has its status",
        arguments: [
            (DatabaseError.full, 507), (.busy, 503), (.closed, 503), (.corrupt("secret"), 500),
            (.misuse("select"), 500), (.constraint(.foreignKey), 500),
        ])
    func database(error: DatabaseError, code: Int) {
        let problem = error.problem
        #expect(Int(problem.status.code) == code)
        #expect(problem.detail?.contains("secret") != true)
        #expect(problem.detail?.contains("select") != true)
    }

    @Test(
        "each error of the objects too",
        arguments: [
            (ObjectStoreError.notFound, 404), (.noSpace, 507), (.blocked, 409), (.ended, 409),
            (.busy, 503),
        ])
    func objects(error: ObjectStoreError, code: Int) {
        #expect(Int(error.problem.status.code) == code)
    }
}
