// MediaWire
