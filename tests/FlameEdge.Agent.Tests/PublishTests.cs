using System.Text.RegularExpressions;
using FlameEdge.Testing;

namespace FlameEdge.Agent.Tests;

/// <summary>What a publish for a device makes: small, quiet, and nothing beside what runs.</summary>
[Collection("native")]
public class PublishTests
{
    // It was 20 MB before Canoe, the optimizers, privacy, chosen clients, rings, the coordinator, direct channels, replicas and samplers came aboard, which are four and a half more.
    private const long LargestAgent = 25_000_000;
    private const long LargestTool = 28_000_000;

    [Fact]
    public async Task It_holds_the_program_and_its_library_and_no_warning_was_printed() =>
        CheckFolder(await NativeProgram.AgentAsync(), LargestAgent, "flame-edge-agent", "libonnxruntime.so");

    // The sample is the operator's tool with a role of its own: plots and their drawing library included. Compiling it takes as long as the agent: tests/publish-profiles.sh has this done.
    [Fact(Explicit = true)]
    public async Task A_program_of_a_users_own_publishes_as_well_and_finishes_its_job()
    {
        using var folder = new TemporaryFolder();
        var sample = await NativeProgram.SampleAsync();

        CheckFolder(sample, LargestTool, "libHarfBuzzSharp.so", "libSkiaSharp.so", "libonnxruntime.so", "my-own-role");
        var (code, output, error) = await sample.CallAsync("run", await Jobs.CautiousAsync(folder, "rounds.count=3"), "--out", folder["alone"]);
        Assert.True(code == ExitCode.Ok, error);
        Assert.Contains("clipped a change", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_names_the_machine_and_the_engines_on_board()
    {
        var (code, output, error) = await (await NativeProgram.AgentAsync()).CallAsync("--version");

        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Matches(@"^flame-edge-agent \d+\.\d+\.\d+ \(linux-(x64|arm64), native; onnx \d+\.\d+\.\d+\)\n$", output);
    }

    [Fact]
    public async Task It_leaves_nothing_in_the_home_folder_and_reports_to_nobody()
    {
        using var home = new TemporaryFolder();
        await using var agent = (await NativeProgram.AgentAsync()).StartAt(home.Path, "--version");

        Assert.Equal(ExitCode.Ok, (await agent.EndAsync()).Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(home.Path));
    }

    private static void CheckFolder(NativeProgram program, long largest, params string[] files)
    {
        Assert.DoesNotMatch(new Regex(@"\bwarning\b|\bIL\d{4}\b", RegexOptions.IgnoreCase, TimeSpan.FromMinutes(1)), program.Log);
        Assert.Equal(files.Order(StringComparer.Ordinal), Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(program.Path)!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.InRange(new FileInfo(program.Path).Length, 1, largest);
    }
}
