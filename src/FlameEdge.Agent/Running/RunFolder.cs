using System.Text;
using System.Text.Json;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Hosting;
using FlameEdge.LiteDb;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Running;

/// <summary>The folder a run writes to: <c>state/</c> while it goes on, results when it is over.</summary>
internal sealed class RunFolder : IAsyncDisposable
{
    private const string Collection = "run";
    private const string Key = "run";

    private RunFolder(string path, IStateStore state)
    {
        Path = path;
        State = state;
    }

    public string Path { get; }

    public IStateStore State { get; }

    /// <summary>Opens the folder to start or to resume; never throws away work that is not done.</summary>
    /// <exception cref="StateException">The folder cannot be written, or another process uses it.</exception>
    /// <exception cref="TopologyException">Its state is of an unfinished run and nobody asked to resume, or of another job.</exception>
    public static async Task<RunFolder> OpenAsync(RunRequest request, JobPlan plan, ILogger logger, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.GetFullPath(request.Out);
        var statePath = System.IO.Path.Combine(path, "state");
        var state = LiteDbStateStore.Open(statePath, logger);
        try
        {
            var fingerprint = JobFingerprint.Of(plan);
            var former = await state.ReadAsync(Collection, Key, cancellationToken) is { } json ? JsonDocument.Parse(json).RootElement : (JsonElement?)null;
            var isDone = former?.GetProperty("state").GetString() == "completed";
            if (request.IsResume)
            {
                RequireSameJob(path, former, fingerprint);
            }
            else if (former is not null)
            {
                if (!isDone && (await RunHistory.HasProgressAsync(state, cancellationToken) || await SiteRole.HasProgressAsync(state, cancellationToken)))
                {
                    throw new TopologyException($"{path} holds a run that is not finished: go on with --resume, or choose another folder with --out");
                }

                await state.DisposeAsync();
                Directory.Delete(statePath, recursive: true);
                state = LiteDbStateStore.Open(statePath, logger);
            }

            if (!request.IsResume)
            {
                System.IO.File.Delete(System.IO.Path.Combine(path, RunResults.EventsFile));
            }

            var folder = new RunFolder(path, state);
            await folder.NoteAsync("running", fingerprint, cancellationToken);
            return folder;
        }
        catch
        {
            await state.DisposeAsync();
            throw;
        }
    }

    /// <summary>Notes that nothing is left to resume here.</summary>
    public Task CompleteAsync(JobPlan plan, CancellationToken cancellationToken) => NoteAsync("completed", JobFingerprint.Of(plan), cancellationToken);

    /// <summary>A result's path.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    public ValueTask DisposeAsync() => State.DisposeAsync();

    private static void RequireSameJob(string path, JsonElement? former, string fingerprint)
    {
        if (former?.GetProperty("fingerprint").GetString() is { } known && known != fingerprint)
        {
            throw new TopologyException($"the state in {path} belongs to another job or topology: resume with the job it was started with, or choose another folder with --out");
        }
    }

    private async Task NoteAsync(string state, string fingerprint, CancellationToken cancellationToken) =>
        await State.CommitAsync([new StateChange(Collection, Key, Encoding.UTF8.GetBytes($$"""{"state":"{{state}}","fingerprint":"{{fingerprint}}"}"""), IsManifest: true)], cancellationToken);
}
