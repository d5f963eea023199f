using System.Diagnostics;
using System.Globalization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>Runs a job as one process per worker over a broker, as it would run on devices.</summary>
internal static class BrokerJob
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Runs every worker to its end; each leaves its results in FOLDER/WORKER.</summary>
    /// <exception cref="JobFailedException">A worker ended with an error, or they took longer than ten minutes.</exception>
    public static async Task RunAsync(string job, Uri broker, string folder, IReadOnlyList<string> workers, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Longest);
        var processes = workers.Select(worker => Start(["run", job, "--broker", broker.ToString().TrimEnd('/'), "--worker", worker, "--out", Path.Combine(folder, worker)])).ToList();
        try
        {
            var outputs = processes.ConvertAll(process => (Out: process.StandardOutput.ReadToEndAsync(bound.Token), Error: process.StandardError.ReadToEndAsync(bound.Token)));
            foreach (var (i, process) in processes.Index())
            {
                await process.WaitForExitAsync(bound.Token);
                await outputs[i].Out;
                var error = await outputs[i].Error;
                if (process.ExitCode != 0)
                {
                    throw new JobFailedException($"{workers[i]} of {job} ended with exit code {process.ExitCode}: {error.Trim().Split('\n')[^1]}");
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new JobFailedException(string.Create(CultureInfo.InvariantCulture, $"{job} was not over after {Longest.TotalMinutes:0} minutes; look at {folder}")) { IsTimeout = true };
        }
        finally
        {
            foreach (var process in processes)
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }

                process.Dispose();
            }
        }
    }

    // The tool as it was built runs on dotnet; published, it is the program itself.
    private static Process Start(string[] arguments)
    {
        var built = Path.Combine(AppContext.BaseDirectory, "flame-edge.dll");
        var start = File.Exists(built) ? new ProcessStartInfo("dotnet", [built, .. arguments]) : new ProcessStartInfo(Environment.ProcessPath!, arguments); // A program that runs has a path.
        (start.UseShellExecute, start.RedirectStandardOutput, start.RedirectStandardError) = (false, true, true);
        return Process.Start(start)!; // Null only with the shell.
    }
}
