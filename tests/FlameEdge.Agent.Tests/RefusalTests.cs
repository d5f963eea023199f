using FlameEdge.Testing;

namespace FlameEdge.Agent.Tests;

/// <summary>What the native program does with what cannot work: one line, and the code the page says.</summary>
[Collection("native")]
public sealed class RefusalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("{ \"job\": \"x\"", ExitCode.BadJob, "malformed JSON")]
    [InlineData("{ \"job\": \"x\", \"rouns\": 3 }", ExitCode.BadJob, "unknown key 'rouns'")]
    [InlineData("job: x", ExitCode.BadJob, "flame-edge job json")]
    [InlineData("[1]", ExitCode.BadJob, "is a mapping")]
    public async Task A_text_that_is_no_job(string text, int code, string says)
    {
        var path = folder["job"];
        await File.WriteAllTextAsync(path + (text.StartsWith("job", StringComparison.Ordinal) ? ".yaml" : ".json"), text, TestContext.Current.CancellationToken);

        await RefusedAsync(code, says, "run", Directory.EnumerateFiles(folder.Path).Single(), "--worker", "trainer_0", "--broker", "mqtt://127.0.0.1:1");
    }

    [Fact]
    public async Task A_worker_the_job_does_not_have() =>
        await RefusedAsync(ExitCode.BadJob, "did you mean 'trainer_0'", "run", await Jobs.PlainAsync(folder), "--worker", "trainr_0", "--broker", "mqtt://127.0.0.1:1");

    [Fact]
    public async Task A_program_that_is_not_on_board() =>
        await RefusedAsync(ExitCode.BadJob, "'cautious-trainer' is not on board", "run", await Jobs.CautiousAsync(folder), "--worker", "trainer_0", "--broker", "mqtt://127.0.0.1:1");

    [Fact]
    public async Task A_broker_that_does_not_answer() =>
        await RefusedAsync(ExitCode.BrokerUnreachable, "127.0.0.1:1", "run", await Jobs.PlainAsync(folder), "--worker", "trainer_0", "--broker", "mqtt://127.0.0.1:1", "--out", folder["out"]);

    [Theory]
    [InlineData("--broker", "run", "job.json", "--worker", "trainer_0")]
    [InlineData("--worker", "run", "job.json", "--broker", "mqtt://127.0.0.1:1")]
    [InlineData("expand", "topology", "expand", "job.json")]
    public async Task A_command_line_a_device_does_not_have(string says, params string[] args) => await RefusedAsync(ExitCode.BadJob, says, args);

    private static async Task RefusedAsync(int code, string says, params string[] args)
    {
        var (exit, output, error) = await (await NativeProgram.AgentAsync()).CallAsync(args);

        Assert.True(exit == code, $"exit code {exit} instead of {code}:\n{error}{output}");
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("a fault of FlameEdge itself", error, StringComparison.Ordinal);
        Assert.Equal("", output);
    }
}
