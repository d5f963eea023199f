using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

[Trait("Category", "Golden")]
public class CanoeStreamTests
{
    [Fact]
    public async Task Separate_processes_over_mosquitto_decide_what_a_run_in_memory_decides()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(CanoeProcesses.Digits(""" "lockstep": { "wait": "120s" }, """), broker.Port);
        fleet.StartAll();
        var expected = InMemory();
        await fleet.EndAsync();

        var told = CanoeProcesses.Told(fleet, CanoeProcesses.Target);
        Assert.DoesNotContain(told.Concat(CanoeProcesses.Told(fleet, CanoeProcesses.Directory)), happened => happened.Event is "outOfStep" or "refused");
        Assert.Equal(
            expected.Steps.SelectMany(entry => entry.Step.Requests.Select(request => ((long)entry.Batch, string.Join(',', request.Classes.Select(demand => demand.LabelId))))),
            told.Where(happened => happened.Event == "request").Select(happened => (happened.Batch, string.Join(',', happened.Classes!.Select(SiteSetup.LabelId)))));
        Assert.Equal(
            expected.Steps.SelectMany(entry => entry.Step.Verdicts.Select(verdict => ((long)entry.Batch, verdict.Helper.Replace('-', '_'), verdict.LabelId, verdict.Refusal?.ToString()))),
            told.Where(happened => happened.Event == "verdict").Select(happened => (happened.Batch, happened.Peer!, SiteSetup.LabelId(happened.Classes![0]), happened.Reason)));
        Assert.Equal(expected.Alarms.Select(batch => (long)batch), told.Where(happened => happened.Event == "drift").Select(happened => happened.Batch));
        Assert.Equal(expected.Accuracies[0], told.Where(happened => happened.Event == "score").Select(happened => happened.Accuracy!.Value));
        Assert.NotEmpty(expected.Verdicts);
    }

    private static RunResult InMemory()
    {
        var path = SharedData.Stream("digits", "W1");
        var workload = StreamFiles.Workload(path);
        var files = StreamFiles.Base(Path.Combine(Path.GetDirectoryName(path)!, workload.Base));
        return new StreamRun(new StreamData(files, StreamRows.Load(SharedData.Path("data"), workload.Dataset, files.Files, files.ClassNames, files.Seed)), new RunOptions(StreamBench.SettingsFor("digits"))).Run(workload);
    }
}
