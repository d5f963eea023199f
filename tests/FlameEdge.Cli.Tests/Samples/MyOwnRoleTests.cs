using System.Globalization;
using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.Samples;

/// <summary>A user's own program with a role of its own: alone, and beside the plain tool.</summary>
public sealed class MyOwnRoleTests : IDisposable
{
    // samples/my-own-role/job.yaml: a softmax starts at zero, so that no model can be further away than a clipped step a round.
    private const double MaxNorm = 0.2;

    // A norm of float32 values, summed in double, after as many roundings as there are rounds.
    private const double Rounding = 1e-5;
    private static readonly string Job = Path.Combine(SharedData.RepositoryRoot, "samples", "my-own-role", "job.yaml");
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "my-own-role.dll");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Its_step_clips_what_training_changed()
    {
        await using var cautious = RunningProgram.Start(Program, ["run", Job, "--out", folder["cautious"], "--set", "rounds.count=3"]);
        var clipped = await cautious.EndAsync();
        await using var bold = RunningProgram.Start(Program, ["run", Job, "--out", folder["bold"], "--set", "rounds.count=3", "--set", "topology.roles.trainer.settings.maxNorm=1000"]);
        var free = await bold.EndAsync();

        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (clipped.Code, free.Code));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"to {MaxNorm}"), clipped.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("clipped", free.Output, StringComparison.Ordinal);
        Assert.All(Result("cautious").Rounds, round => Assert.InRange(round.Norm, 0, (MaxNorm * round.Round) + Rounding));
        Assert.True(Result("bold").Rounds[0].Norm > MaxNorm + Rounding, $"nothing was there to be clipped: {Result("bold").Rounds[0].Norm}");
    }

    [Fact]
    public async Task Its_trainers_work_beside_the_plain_tool_over_its_broker()
    {
        string[] job = ["run", Job, "--set", "rounds.count=3", "--set", "rounds.quorum=all"];
        await using var alone = RunningProgram.Start(Program, [.. job, "--out", folder["alone"]]);
        Assert.Equal(ExitCode.Ok, (await alone.EndAsync()).Code);

        await using var tool = RealProcess.Start([.. job, "--out", folder["top"], "--worker", "aggregator_0"]);
        var broker = (await tool.SaidAsync("broker mqtt://")).Split(' ')[1];
        await using var own = RunningProgram.Start(Program, [.. job, "--out", folder["trainers"], "--broker", broker, .. Enumerable.Range(0, 8).SelectMany(index => new[] { "--worker", $"trainer_{index}" })]);
        var (top, trainers) = (await tool.EndAsync(), await own.EndAsync());

        Assert.True((top.Code, trainers.Code) == (ExitCode.Ok, ExitCode.Ok), $"{top.Code}: {top.Error}\n{trainers.Code}: {trainers.Error}");
        Assert.Contains("clipped a change", trainers.Output, StringComparison.Ordinal);
        Assert.Equal("", trainers.Error.Replace("'cautious vibration' becomes 'cautious-vibration' (job)\n", "", StringComparison.Ordinal)); // Nobody lost a broker on the way out.
        Assert.Equal(Result("alone").Model, Result("top").Model);
    }

    [Fact]
    public async Task The_plain_tool_refuses_what_it_lacks_and_names_it()
    {
        (await Outcome.OfAsync("job", "validate", Job)).IsRefusal(ExitCode.BadJob, "role 'trainer'", "'cautious-trainer' is not on board");
        (await Outcome.OfAsync("run", Job, "--out", folder["none"], "--format", "json")).IsRefusal(ExitCode.BadJob, "'cautious-trainer' is not on board");
        await using var own = RunningProgram.Start(Program, ["job", "validate", Job]);
        Assert.Equal(ExitCode.Ok, (await own.EndAsync()).Code);
    }

    private JobResult Result(string name) => JobResult.Read(folder[name, "result.json"]);
}
