import GridSimulation
import Testing

/// The judge tried on days of loss and death; `noizylab simulate failures` does months.
@Suite struct FailureSimulationTests {
    private func days(_ days: Double, _ change: (inout FailureOptions) -> Void = { _ in }) -> FailureReport {
        var options = FailureOptions()
        options.nodes = 10
        options.months = days / 30
        change(&options)
        return FailureSimulation.run(options)
    }

    @Test func `loss, jitter and stalled work lose nobody, and the dead are missed in time`() throws {
        let report = days(3) { $0.deathsPerMonth = 300 }

        #expect(report.falseLosses == 0)
        #expect(report.falseSuspicions > 100, "suspicion is cheap and therefore common")
        #expect(report.deaths > 200)
        let (suspect, lost) = (report.cutSuspect.percentile(0.99), report.cutLost.percentile(0.99))
        #expect(try #require(suspect) <= 1_500)
        #expect(try #require(lost) <= 2_000)
        #expect(try #require(report.crashLost.percentile(0.99)) <= 300)
    }

    @Test func `work that shares the thread of the heartbeat costs living nodes`() {
        #expect(days(1, { $0.isThreadShared = true }).falseLosses > 0)
    }

    @Test func `half of the nodes silent at once holds failovers back`() {
        let report = days(1) {
            $0.coordinatorPausesPerDay = 2_000
            $0.coordinatorPauseMilliseconds = 2_000
            $0.deathsPerMonth = 0
        }

        #expect(report.falseLosses == 0)
    }

    @Test func `a seed gives the same months twice`() {
        let (first, second) = (days(0.5), days(0.5))
        #expect(first.heartbeats == second.heartbeats && first.falseSuspicions == second.falseSuspicions)
    }
}
