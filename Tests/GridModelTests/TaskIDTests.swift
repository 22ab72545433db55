import GridModel
import Testing

@Suite struct TaskIDTests {
    @Test(arguments: [1, 2, 3, 1_000, 999_999, 1 << 39, (1 << 40) - 1] as [UInt64])
    func `the text of an id names it`(number: UInt64) {
        let id = TaskID(number: number)

        #expect(id.description.count == TaskID.textLength)
        #expect(TaskID(id.description) == id)
        #expect(TaskID(id.description.uppercased()) == id)
    }

    @Test func `neighbours differ in their first letters`() {
        let prefixes = Set((1...1_000 as ClosedRange<UInt64>).map { TaskID(number: $0).description.prefix(4) })

        #expect(prefixes.count > 990)
    }

    @Test(arguments: ["", "abc", "aaaaaaaaa", "uuuuuuuu", "abcdefg!", "00000000"])
    func `what is not an id is refused`(text: String) {
        #expect(TaskID(text) == nil)
    }

    @Test func `a prefix finds its ids`() throws {
        let id = TaskID(number: 77)
        for length in 1...TaskID.textLength {
            let prefix = try #require(TaskID.Prefix(id.description.prefix(length)))
            #expect(id.hasPrefix(prefix))
        }
        let other = try #require(TaskID.Prefix(TaskID(number: 78).description))
        #expect(!id.hasPrefix(other))
        #expect(TaskID.Prefix("") == nil && TaskID.Prefix("!") == nil)
    }
}
