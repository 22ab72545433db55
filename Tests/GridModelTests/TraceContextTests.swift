import GridModel
import Testing

struct TraceContextTests {
    @Test(arguments: [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000001-0000000000000001-00",
    ])
    func `a well-formed header is read and written as it came`(text: String) throws {
        let trace = try #require(TraceContext(traceparent: text))

        #expect(trace.description == text)
        #expect(trace.traceID == String(text.dropFirst(3).prefix(32)))
    }

    @Test func `a later version is read as far as it is known`() throws {
        let text = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"

        #expect(TraceContext(traceparent: text)?.description == "00" + text.dropFirst(2).prefix(53))
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-\u{301}bf92f3577b34da6a3ce929d0e0e4736",
    ])
    func `anything else is no trace`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }
}
