using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>An agent's end of a job's <c>spec</c> channel: it fetches the job's document and files, and hands over what its aggregators have committed.</summary>
internal sealed class JobContent : IAsyncDisposable
{
    private static readonly TimeSpan FetchBound = TimeSpan.FromSeconds(60);
    private readonly JobKey job;
    private readonly IJobFolders folders;
    private readonly IReadOnlyList<IChannelBackend> backends;
    private readonly ContentExchange exchange;

    private JobContent(JobKey job, AgentId controller, IJobFolders folders, IReadOnlyList<IChannelBackend> backends, ContentExchange exchange)
    {
        this.job = job;
        this.folders = folders;
        this.backends = backends;
        this.exchange = exchange;
        Controller = controller;
    }

    /// <summary>Who serves it.</summary>
    public AgentId Controller { get; }

    /// <summary>Takes the agent's place on the channel.</summary>
    /// <param name="core">The agent.</param>
    /// <param name="job">The job.</param>
    /// <param name="controller">Who serves it.</param>
    /// <param name="find">Content this side serves.</param>
    /// <param name="joined">Told when the controller is there (again).</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<JobContent> OpenAsync(AgentCore core, JobKey job, AgentId controller, Func<string, ReadOnlyMemory<byte>?> find, Action joined, CancellationToken cancellationToken)
    {
        var backends = core.Setup.OpenBackends();
        ContentExchange? exchange = null;
        try
        {
            var channel = await backends[0].OpenAsync(ContentEndpoint.OfAgent(job.Job, core.Agent, controller, core.NextContentIncarnation()), cancellationToken);
            exchange = new ContentExchange(channel, core.Setup.Time, (hash, _) => new(find(hash)), joined: _ => joined());
            await exchange.JoinAsync(cancellationToken);
            return new JobContent(job, controller, core.Setup.Folders, backends, exchange);
        }
        catch
        {
            await CloseAsync(exchange, backends);
            throw;
        }
    }

    /// <summary>The job's document with the paths of its files, fetched as far as they are not here yet.</summary>
    /// <exception cref="ChannelException">The controller does not hand it over in time.</exception>
    /// <exception cref="TopologyException">It is no document, or another job's.</exception>
    public async Task<(JobDocument Document, Dictionary<string, string> Files)> DocumentAsync(string hash, CancellationToken cancellationToken)
    {
        var path = await FileAsync(hash, ".json", cancellationToken);
        var document = FleetJson.Read(await File.ReadAllBytesAsync(path, cancellationToken), FleetJson.Default.JobDocument);
        if (document is null || document.Job != job.Job.Value || document.Generation != job.Generation || !document.Files.Values.All(TaskChecks.IsHash))
        {
            throw new TopologyException($"content {hash[..12]} is no document of job '{job.Job}', generation {job.Generation}");
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, content) in document.Files)
        {
            // With its ending: readers tell by it what is packed.
            files[name] = await FileAsync(content, Ending(name), cancellationToken);
        }

        return (document, files);
    }

    /// <summary>Content of the controller.</summary>
    /// <exception cref="ChannelException">The controller does not hand it over in time.</exception>
    public Task<byte[]> FetchAsync(string hash, CancellationToken cancellationToken) => exchange.FetchAsync(ContentEndpoint.Controller, hash, FetchBound, cancellationToken);

    /// <summary>Tells the controller of a snapshot it can fetch.</summary>
    /// <exception cref="ChannelException">It is not there.</exception>
    public Task TellAsync(CheckpointNote note, CancellationToken cancellationToken) =>
        exchange.TellAsync(ContentEndpoint.Controller, FleetJson.Write(note, FleetJson.Default.CheckpointNote), cancellationToken);

    public ValueTask DisposeAsync() => CloseAsync(exchange, backends);

    // Only letters and digits: the name is somebody else's text.
    private static string Ending(string name)
    {
        var ending = Path.GetExtension(name);
        return ending.Length is > 1 and <= 8 && ending.Skip(1).All(char.IsAsciiLetterOrDigit) ? ending : string.Empty;
    }

    private static async ValueTask CloseAsync(ContentExchange? exchange, IReadOnlyList<IChannelBackend> backends)
    {
        if (exchange is not null)
        {
            await exchange.DisposeAsync();
        }

        foreach (var backend in backends)
        {
            await backend.DisposeAsync();
        }
    }

    private async Task<string> FileAsync(string hash, string ending, CancellationToken cancellationToken)
    {
        var path = folders.FileOf(job, hash + ending);
        if (!File.Exists(path) || ContentExchange.HashOf(await File.ReadAllBytesAsync(path, cancellationToken)) != hash)
        {
            DurableFile.Write(path, new ReadOnlySequence<byte>(await FetchAsync(hash, cancellationToken)));
        }

        return path;
    }
}
