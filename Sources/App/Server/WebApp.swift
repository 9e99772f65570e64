internal import Base
internal import CAssets
internal import HTTP
internal import HTTPWire
