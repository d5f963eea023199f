using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

namespace FlameEdge.Testing;

/// <summary>A program of ours as a process of its own: started, read, measured, killed as a power cut would.</summary>
public sealed class RunningProgram : IAsyncDisposable
{
    /// <summary>What a shell calls death by SIGKILL.</summary>
    public const int Killed = 128 + 9;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly string DotNet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
    private readonly Process process;
    private readonly Action<string>? said;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();
    private readonly Lock gate = new();

    private RunningProgram(Process process, Action<string>? said)
    {
        this.process = process;
        this.said = said;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Ended = process.WaitForExitAsync();
    }

    /// <summary>Completes when the process has ended and all it said has been read.</summary>
    public Task Ended { get; }

    /// <summary>True from then on.</summary>
    public bool HasEnded => Ended.IsCompleted;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="program">An executable, or an assembly (<c>.dll</c>) that <c>dotnet</c> runs.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Changes the environment it inherits.</param>
    /// <param name="said">Told every line of either stream.</param>
    public static RunningProgram Start(string program, IEnumerable<string> arguments, Action<IDictionary<string, string?>>? environment = null, Action<string>? said = null)
    {
        string[] command = program.EndsWith(".dll", StringComparison.Ordinal) ? [DotNet, program] : [program];
        var start = new ProcessStartInfo(command[0], [.. command[1..], .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        environment?.Invoke(start.Environment);
        return new(Process.Start(start)!, said); // Started, or it has thrown.
    }

    /// <summary>Waits for its end, two minutes at most.</summary>
    public async Task<(int Code, string Output, string Error)> EndAsync()
    {
        using var bound = new CancellationTokenSource(Patience);
        return await EndAsync(bound.Token);
    }

    /// <summary>Waits for its end as long as the caller likes.</summary>
    public async Task<(int Code, string Output, string Error)> EndAsync(CancellationToken cancellationToken)
    {
        await Ended.WaitAsync(cancellationToken);
        lock (gate)
        {
            return (process.ExitCode, output.ToString(), error.ToString());
        }
    }

    /// <summary>Waits until it has said something that holds <paramref name="text"/>, and gives that line.</summary>
    public async Task<string> SaidAsync(string text)
    {
        using var bound = new CancellationTokenSource(Patience);
        while (true)
        {
            var hasEnded = HasEnded;
            lock (gate)
            {
                if ((output.ToString() + error).Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } line)
                {
                    return line;
                }

                Assert.False(hasEnded, $"it ended without a word of '{text}': {error}{output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, bound.Token);
        }
    }

    /// <summary>The most memory it has had resident so far, in bytes; 0 where it has ended.</summary>
    public long MostResidentBytes()
    {
        try
        {
            var line = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Sends a signal, by name.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>SIGKILL; false where it had ended by itself.</summary>
    public async Task<bool> KillAsync()
    {
        process.Kill();
        await Ended;
        return process.ExitCode == Killed;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!HasEnded)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private void Keep(StringBuilder kept, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (gate)
        {
            kept.Append(line).Append('\n');
        }

        said?.Invoke(line);
    }
}
