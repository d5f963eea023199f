using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace FlameEdge.Agent.Tests;

/// <summary>A native program as a process: started, read, measured, killed.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private RunningProgram(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static RunningProgram Start(NativeProgram program, params string[] args) => Start(program, home: null, args);

    /// <summary>Starts it with another home folder, to see what it leaves there.</summary>
    public static RunningProgram Start(NativeProgram program, string? home, string[] args)
    {
        var start = new ProcessStartInfo(program.Path, args) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };

        // A device has no .NET: nothing of ours may depend on one being there.
        start.Environment.Remove("DOTNET_ROOT");
        start.Environment["PATH"] = "/usr/bin:/bin";
        if (home is not null)
        {
            start.Environment["HOME"] = home;

            // Where these are set ONNX Runtime is quiet by itself.
            start.Environment.Remove("CI");
            start.Environment.Remove("XDG_CACHE_HOME");
            start.Environment.Remove("ORT_DISABLE_TELEMETRY");
        }

        return new(Process.Start(start)!); // Started, or it has thrown.
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> CallAsync(NativeProgram program, params string[] args)
    {
        await using var running = Start(program, args);
        return await running.EndAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, string Output, string Error)> EndAsync()
    {
        using var bound = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(bound.Token);
        lock (output)
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

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
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
