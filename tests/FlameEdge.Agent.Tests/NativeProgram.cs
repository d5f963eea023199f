using System.Diagnostics;
using System.Text;
using FlameEdge.Testing;

namespace FlameEdge.Agent.Tests;

/// <summary>A program of ours published as native code, once for all tests that use it. Without compiler the test is skipped, or, where CI=true, fails.</summary>
public sealed class NativeProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly Dictionary<string, Lazy<Task<NativeProgram>>> Published = new(StringComparer.Ordinal)
    {
        ["src/FlameEdge.Agent"] = new(() => PublishAsync("src/FlameEdge.Agent", "flame-edge-agent")),
        ["samples/my-own-role"] = new(() => PublishAsync("samples/my-own-role", "my-own-role")),
    };

    private NativeProgram(string path, string log)
    {
        Path = path;
        Log = log;
    }

    /// <summary>The executable.</summary>
    public string Path { get; }

    /// <summary>What the publish said.</summary>
    public string Log { get; }

    /// <summary>The device's program.</summary>
    public static Task<NativeProgram> AgentAsync() => OfAsync("src/FlameEdge.Agent");

    /// <summary>The sample: a program of a user's own.</summary>
    public static Task<NativeProgram> SampleAsync() => OfAsync("samples/my-own-role");

    /// <summary>Starts it.</summary>
    public RunningProgram Start(params string[] args) => RunningProgram.Start(Path, args, AsOnADevice);

    /// <summary>Starts it with another home folder, to see what it leaves there.</summary>
    public RunningProgram StartAt(string home, params string[] args) => RunningProgram.Start(Path, args, environment =>
    {
        AsOnADevice(environment);
        environment["HOME"] = home;

        // Where these are set ONNX Runtime is quiet by itself.
        environment.Remove("CI");
        environment.Remove("XDG_CACHE_HOME");
        environment.Remove("ORT_DISABLE_TELEMETRY");
    });

    /// <summary>Runs it to its end.</summary>
    public async Task<(int Code, string Output, string Error)> CallAsync(params string[] args)
    {
        await using var running = Start(args);
        return await running.EndAsync();
    }

    // A device has no .NET: nothing of ours may depend on one being there.
    private static void AsOnADevice(IDictionary<string, string?> environment)
    {
        environment.Remove("DOTNET_ROOT");
        environment["PATH"] = "/usr/bin:/bin";
    }

    private static Task<NativeProgram> OfAsync(string project)
    {
        if (!OperatingSystem.IsLinux() || !IsInstalled("clang"))
        {
            const string Absent = "clang is not installed (apt-get install -y clang zlib1g-dev), or this is no Linux";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Absent);
            Assert.Skip(Absent);
        }

        return Published[project].Value;
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(folder => File.Exists(System.IO.Path.Combine(folder, program)));

    // Below obj: build output of this project, replaced by the next run, and nobody's work.
    private static async Task<NativeProgram> PublishAsync(string project, string name)
    {
        var folder = System.IO.Path.Combine(SharedData.RepositoryRoot, "tests", "FlameEdge.Agent.Tests", "obj", "native", name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        // The build has run the analyzers; the native compiler warns for itself.
        var start = new ProcessStartInfo("dotnet", ["publish", System.IO.Path.Combine(SharedData.RepositoryRoot, project), "-c", "Release", "-r", $"linux-{Architecture}", "-o", folder, "-v", "quiet", "--nologo", "-nodeReuse:false", "-p:RunAnalyzers=false"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test's own host was started with is nothing to the publish.
        foreach (var variable in start.Environment.Keys.Where(key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(variable);
        }

        using var bound = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!; // Started, or it has thrown.
        var log = new StringBuilder();
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet publish {project} took longer than {Patience}:\n{log}");
        }

        Assert.True(process.ExitCode == 0, $"dotnet publish {project} ended with {process.ExitCode}:\n{log}");
        return new(System.IO.Path.Combine(folder, name), log.ToString());

        void Keep(string? line)
        {
            lock (log)
            {
                log.Append(line).Append('\n');
            }
        }
    }

    private static string Architecture => System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
}
