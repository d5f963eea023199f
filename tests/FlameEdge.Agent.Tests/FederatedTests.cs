using FlameEdge.Cli;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Agent.Tests;

/// <summary>Two programs learn together: the device's native agent, and a program of a user's own with the role only it has.</summary>
[Collection("native")]
public sealed class FederatedTests : IDisposable
{
    // A guard against growth, of the most it ever had; the figure itself is what tests/agent-figures.sh measures.
    private const long LargestResident = 64 << 20;
    private static readonly string[] Trainers = [.. Enumerable.Range(0, 8).SelectMany(index => new[] { "--worker", $"trainer_{index}" })];
    private static readonly string Sample = Path.Combine(AppContext.BaseDirectory, "my-own-role.dll");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_agent_and_a_program_of_a_users_own_finish_a_job_and_a_kill_changes_no_bit()
    {
        var agent = await NativeProgram.AgentAsync();
        var job = await Jobs.CautiousAsync(folder, "rounds.count=6", "rounds.quorum=all");
        await using var mosquitto = await Mosquitto.StartAsync();
        string[] run = ["run", job, "--broker", $"mqtt://127.0.0.1:{mosquitto.Port}"];

        await using var top = agent.Start([.. run, "--worker", "aggregator_0", "--out", folder["top"]]);
        await using var first = RunningProgram.Start(Sample, [.. run, .. Trainers, "--out", folder["trainers"]]);
        await top.SaidAsync("round 2/6");
        await first.KillAsync();
        await using var second = RunningProgram.Start(Sample, [.. run, .. Trainers, "--out", folder["trainers"], "--resume"]);
        var (ended, trained) = (await top.EndAsync(), await second.EndAsync());

        Assert.True((ended.Code, trained.Code) == (ExitCode.Ok, ExitCode.Ok), $"{ended.Code}: {ended.Error}\n{trained.Code}: {trained.Error}");
        Assert.Contains("clipped a change", trained.Output, StringComparison.Ordinal);
        await using var single = RunningProgram.Start(Sample, ["run", job, "--out", folder["alone"]]);
        var alone = await single.EndAsync();
        Assert.True(alone.Code == ExitCode.Ok, alone.Error);
        Assert.Equal(Result("alone").Model, Result("top").Model);
    }

    [Fact]
    public async Task An_agent_that_trains_an_mlp_stays_small()
    {
        var agent = await NativeProgram.AgentAsync();
        var job = await Jobs.SmallAsync(folder);
        await using var mosquitto = await Mosquitto.StartAsync();
        string[] run = ["run", job, "--broker", $"mqtt://127.0.0.1:{mosquitto.Port}"];

        await using var top = agent.Start([.. run, "--worker", "aggregator_0", "--worker", "trainer_1", "--out", folder["top"]]);
        await using var device = agent.Start([.. run, "--worker", "trainer_0", "--out", folder["device"]]);
        await top.SaidAsync("round 2/3");
        var resident = device.MostResidentBytes();
        var (ended, trained) = (await top.EndAsync(), await device.EndAsync());

        Assert.True((ended.Code, trained.Code) == (ExitCode.Ok, ExitCode.Ok), $"{ended.Code}: {ended.Error}\n{trained.Code}: {trained.Error}");
        Assert.InRange(resident, 1, LargestResident);
    }

    private JobResult Result(string name) => JobResult.Read(folder[name, "result.json"]);
}
