// MediaWireTests
