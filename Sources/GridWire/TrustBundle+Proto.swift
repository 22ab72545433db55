import Foundation

extension Noizylab_Grid_TrustBundle {
    /// `authorities`: PEM. `pins`: of the same, in the same order.
    package init(authorities: String, pins: [[UInt8]]) {
        self.init()
        self.authorities = authorities
        self.pins = pins.map { Data($0) }
    }
}
