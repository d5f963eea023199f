using System.Diagnostics;
using System.Text;

namespace FlameEdge.Cli.Tests;

/// <summary>A program of ours as a process of its own: <c>dotnet PROGRAM.dll …</c>.</summary>
internal sealed class RealProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private RealProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Starts <c>flame-edge</c> as it was built.</summary>
    public static RealProcess Start(params string[] args) => StartProgram(Path.Combine(AppContext.BaseDirectory, "flame-edge.dll"), args);

    /// <summary>Starts another program.</summary>
    public static RealProcess StartProgram(string program, params string[] args)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [program, .. args])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new(Process.Start(start)!); // Started, or it has thrown.
    }

    /// <summary>Waits for its end.</summary>
    public async Task<Outcome> EndAsync()
    {
        using var bound = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(bound.Token);
        lock (output)
        {
            return new(process.ExitCode, output.ToString(), error.ToString());
        }
    }

    /// <summary>Waits until it has said something that holds <paramref name="text"/>, and gives that line.</summary>
    public async Task<string> SaidAsync(string text)
    {
        using var bound = new CancellationTokenSource(Patience);
        while (true)
        {
            lock (output)
            {
                if ((output.ToString() + error).Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } line)
                {
                    return line;
                }

                Assert.False(process.HasExited, $"it ended without a word of '{text}': {error}{output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, bound.Token);
        }
    }

    /// <summary>Sends a signal, by name.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private void Keep(StringBuilder kept, string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                kept.Append(line).Append('\n');
            }
        }
    }
}
