using System.Diagnostics;
using System.Text;

namespace FlameEdge.Scenarios.Kill;

/// <summary>One <c>flame-edge</c> process of a test: started, read, killed as a power cut would.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    /// <summary>What a shell calls death by SIGKILL.</summary>
    public const int Killed = 128 + 9;

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly Lock gate = new();
    private readonly Action<string> said;

    private WorkerProcess(Process process, Action<string> said)
    {
        this.process = process;
        this.said = said;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Ended = process.WaitForExitAsync();
    }

    public bool HasExited => Ended.IsCompleted;

    /// <summary>Completes with the process.</summary>
    public Task Ended { get; }

    public int ExitCode => process.ExitCode;

    /// <summary>All it has said so far on either stream.</summary>
    public string Output
    {
        get
        {
            lock (gate)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Starts <c>flame-edge</c> with its own environment.</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="crashAt">The labelled point it dies at; null for none.</param>
    /// <param name="said">Told every line.</param>
    public static WorkerProcess Start(IEnumerable<string> arguments, string? crashAt, Action<string> said)
    {
        var (program, first) = Tool();
        return Start(program, [.. first, .. arguments], crashAt, said);
    }

    /// <summary>Starts another program of ours.</summary>
    /// <param name="assembly">Its assembly.</param>
    /// <param name="arguments">Its command line.</param>
    public static WorkerProcess Start(string assembly, IEnumerable<string> arguments) => Start("dotnet", [assembly, .. arguments], crashAt: null, static _ => { });

    private static WorkerProcess Start(string program, string[] arguments, string? crashAt, Action<string> said)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("FLAMEEDGE_CRASH_AT");

        // Hundreds of short lives: compile quickly rather than well.
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (crashAt is not null)
        {
            start.Environment["FLAMEEDGE_CRASH_AT"] = crashAt;
        }

        return new WorkerProcess(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start"), said);
    }

    /// <summary>Waits for its end; its exit code.</summary>
    public async Task<int> ExitAsync(CancellationToken cancellationToken)
    {
        await Ended.WaitAsync(cancellationToken);
        return process.ExitCode;
    }

    /// <summary>SIGKILL; false where it had ended by itself.</summary>
    public async Task<bool> KillAsync()
    {
        process.Kill();
        await Ended;
        return process.ExitCode == Killed;
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private static (string Program, string[] First) Tool()
    {
        var native = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "flame-edge.exe" : "flame-edge");
        return File.Exists(native) ? (native, []) : ("dotnet", [Path.Combine(AppContext.BaseDirectory, "flame-edge.dll")]);
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (gate)
        {
            output.AppendLine(line);
        }

        said(line);
    }
}
