package import GridModel

extension Noizylab_Grid_RefusalInfo {
    package init(_ refusal: Refusal) {
        self.init()
        code = refusal.code.rawValue
        reason = refusal.reason
        message = refusal.message
        retryAfterMs = refusal.retryAfterMilliseconds ?? 0
        violations = refusal.violations.map { violation in
            var field = Noizylab_Grid_FieldViolation()
            field.field = violation.field
            field.description_p = violation.description
            return field
        }
    }
}
