using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>The controller's ends of its jobs' <c>spec</c> channels: it serves what it keeps and fetches what it is told of.</summary>
/// <param name="backend">Carries the channels.</param>
/// <param name="blobs">What is kept.</param>
/// <param name="options">Names and bounds.</param>
/// <param name="time">The clock of bounds.</param>
/// <param name="noted">Hears of checkpoints: the job, the agent, the note.</param>
internal sealed class ContentDesk(IChannelBackend backend, IBlobStore blobs, ControllerOptions options, TimeProvider time, Action<string, string, CheckpointNote> noted) : IAsyncDisposable
{
    private readonly Dictionary<string, (ContentExchange Exchange, HashSet<string> Agents)> desks = new(StringComparer.Ordinal);

    /// <summary>Opens, places anew and closes, so that exactly these agents are met for exactly these jobs.</summary>
    public async Task OpenAsync(IReadOnlyDictionary<string, HashSet<string>> wanted, long epoch, CancellationToken cancellationToken)
    {
        foreach (var job in desks.Keys.Where(job => !wanted.ContainsKey(job)).ToList())
        {
            await CloseAsync(job);
        }

        foreach (var (job, agents) in wanted)
        {
            if (desks.TryGetValue(job, out var desk) && desk.Agents.SetEquals(agents))
            {
                continue;
            }

            if (desk.Exchange?.Placed is { } placed)
            {
                await placed.PlaceAsync(agents.Select(agent => new AgentId(agent)).ToDictionary(ContentEndpoint.WorkerOf, agent => agent), cancellationToken);
                desks[job] = (desk.Exchange, agents);
            }
            else
            {
                await CloseAsync(job);
                desks[job] = (await JoinAsync(job, agents, epoch, cancellationToken), agents);
            }
        }
    }

    /// <summary>Fetches content and keeps it.</summary>
    /// <exception cref="ChannelException">The agent did not hand it over in time.</exception>
    public async Task FetchAsync(string job, string agent, string hash, CancellationToken cancellationToken)
    {
        if (await blobs.ReadAsync(hash, cancellationToken) is not null)
        {
            return;
        }

        if (!desks.TryGetValue(job, out var desk))
        {
            throw new ChannelException($"job '{job}' is no longer here") { Fault = ChannelFault.PeerLeft };
        }

        var content = await desk.Exchange.FetchAsync(ContentEndpoint.WorkerOf(new AgentId(agent)), hash, options.FetchTimeout, cancellationToken);
        await blobs.PutAsync(new ReadOnlySequence<byte>(content), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var job in desks.Keys.ToList())
        {
            await CloseAsync(job);
        }
    }

    private async Task<ContentExchange> JoinAsync(string job, HashSet<string> agents, long epoch, CancellationToken cancellationToken)
    {
        // Epochs only grow, so the channel's members tell this controller from the one before.
        var endpoint = ContentEndpoint.OfController(new JobId(job), new AgentId(options.Name), agents.Select(agent => new AgentId(agent)), epoch);
        var exchange = new ContentExchange(await backend.OpenAsync(endpoint, cancellationToken), time, FindAsync, (worker, note) => Told(job, worker, note));
        await exchange.JoinAsync(cancellationToken);
        return exchange;
    }

    private async Task CloseAsync(string job)
    {
        if (desks.Remove(job, out var desk))
        {
            await desk.Exchange.DisposeAsync();
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>?> FindAsync(string hash, CancellationToken cancellationToken) =>
        hash.Length == 64 && hash.All(char.IsAsciiHexDigitLower) && await blobs.ReadAsync(hash, cancellationToken) is { } content ? content : null;

    private void Told(string job, WorkerId worker, ReadOnlyMemory<byte> note)
    {
        if (FleetJson.Read(note.Span, FleetJson.Default.CheckpointNote) is { Round: >= 0, Hash.Length: 64 } checkpoint && checkpoint.Hash.All(char.IsAsciiHexDigitLower))
        {
            noted(job, worker.Value[..Math.Max(0, worker.Value.LastIndexOf('_'))], checkpoint);
        }
    }
}
