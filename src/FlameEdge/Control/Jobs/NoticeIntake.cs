using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>Reads what others post. Anybody may have written anything there: what is none of ours is counted and dropped.</summary>
internal sealed class NoticeIntake(ControllerCore core, ControllerOptions options)
{
    private const int MostReaders = 64;
    private readonly Dictionary<string, List<string>> readers = new(StringComparer.Ordinal);

    /// <summary>Notices that could not be read.</summary>
    public long Dropped { get; private set; }

    /// <summary>Operators that have asked to meet the controller on a job's <c>spec</c> channel.</summary>
    public IReadOnlyList<string> ReadersOf(string job) => readers.GetValueOrDefault(job) ?? [];

    /// <summary>Takes a notice.</summary>
    public void Take(Bulletin notice, Moment now)
    {
        if (notice.Topic.Agent is not { } agent || !SafeName.IsSafe(agent.Value) || notice.Json.Length > JobText.MaximumBytes)
        {
            Dropped++;
            return;
        }

        var isRead = notice.Topic.Job is { } job
            ? SafeName.IsSafe(job.Value) && TakeOfJob(job.Value, agent.Value, notice, now)
            : TakeOfFleet(agent.Value, notice, now);
        Dropped += isRead ? 0 : 1;
    }

    private bool TakeOfFleet(string name, Bulletin notice, Moment now) => notice.Topic.Kind switch
    {
        BulletinKind.Birth => TakeBirth(name, notice.Json.Span, now),
        BulletinKind.State => notice.Json.IsEmpty || TakeState(name, notice.Json.Span, now),
        BulletinKind.Alive => notice.Json.IsEmpty || TakeAlive(name, notice.Json.Span, now),
        BulletinKind.Task => notice.Json.IsEmpty || TakeTask(name, notice.Json.Span, now),
        BulletinKind.Config => name != options.Name || TakeConfig(notice.Json.Span),
        _ => true,
    };

    private bool TakeOfJob(string job, string agent, Bulletin notice, Moment now) => notice.Topic.Kind switch
    {
        BulletinKind.Desired => TakeDesired(job, agent, notice.Json, now),
        BulletinKind.State or BulletinKind.Round => notice.Json.IsEmpty || TakeJobNote(job, agent, notice.Json.Span),
        _ => true,
    };

    private bool TakeBirth(string name, ReadOnlySpan<byte> json, Moment now)
    {
        if (json.IsEmpty)
        {
            if (core.Fleet.Find(name) is { } gone)
            {
                gone.Birth = null;
            }

            return true;
        }

        if (FleetJson.Read(json, FleetJson.Default.ControllerBirth) is { } controller)
        {
            return TakeController(name, controller);
        }

        if (FleetJson.Read(json, FleetJson.Default.AgentBirth) is not { } birth || birth.Agent != name || core.Fleet.Of(name, now.Own) is not { } agent)
        {
            return false;
        }

        if (agent.Birth?.Incarnation != birth.Incarnation)
        {
            foreach (var life in core.Lives.Values)
            {
                life.Forget(name);
            }
        }

        agent.Birth = birth;
        return true;
    }

    private bool TakeController(string name, ControllerBirth controller)
    {
        if (controller.Controller != name || controller.Epoch < 0)
        {
            return false;
        }

        var isSelf = name == options.Name && controller.Session == options.Session;
        core.SeeEpoch(isSelf ? Math.Min(controller.Epoch, core.Highest) : controller.Epoch, $"controller '{name}'");
        if (!isSelf && core.Epoch > 0 && controller.Epoch == core.Epoch && string.CompareOrdinal($"{name}/{controller.Session}", $"{options.Name}/{options.Session}") > 0)
        {
            core.Yield($"controller '{name}'");
        }

        return true;
    }

    private bool TakeState(string name, ReadOnlySpan<byte> json, Moment now)
    {
        if (FleetJson.Read(json, FleetJson.Default.AgentState) is not { } state || state.Agent != name || core.Fleet.Of(name, now.Own) is not { } agent)
        {
            return false;
        }

        core.SeeEpoch(state.Epoch, $"somebody whom agent '{name}' obeys");
        if (agent.State is null || state.Incarnation >= agent.State.Incarnation || agent.Birth?.Incarnation == state.Incarnation)
        {
            agent.Hear(state);
        }

        return true;
    }

    private bool TakeAlive(string name, ReadOnlySpan<byte> json, Moment now)
    {
        if (PresenceJson.ReadAlive(json) is not { } note)
        {
            return false;
        }

        // Tools and controllers are alive too; only who has a birth, a state or work becomes an agent.
        core.Fleet.Alive(name, note, now.Own);
        return true;
    }

    private bool TakeTask(string name, ReadOnlySpan<byte> json, Moment now)
    {
        if (FleetJson.Read(json, FleetJson.Default.AgentTask) is not { } task || core.Fleet.Of(name, now.Own) is not { } agent)
        {
            return false;
        }

        core.SeeEpoch(task.Epoch, $"controller '{task.Controller}'");
        if (core.Epoch == 0 || task.Epoch < core.Epoch)
        {
            agent.Foreign = [.. task.Jobs.Where(work => SafeName.IsSafe(work.Job) && work.Workers.Count > 0)];
        }

        return true;
    }

    private bool TakeConfig(ReadOnlySpan<byte> json)
    {
        if (!json.IsEmpty && FleetJson.Read(json, FleetJson.Default.ControllerConfig) is null)
        {
            return false;
        }

        core.Drain(json.IsEmpty ? [] : FleetJson.Read(json, FleetJson.Default.ControllerConfig)!.Draining.Where(SafeName.IsSafe)); // not null: just asked
        return true;
    }

    private bool TakeDesired(string job, string from, ReadOnlyMemory<byte> json, Moment now)
    {
        if (ReadDesired(json.Span) is not { } wish)
        {
            return false;
        }

        if (wish.State == "read")
        {
            Admit(job, from);
        }
        else
        {
            core.Wish(job, from, wish, now);
        }

        return true;
    }

    // The latest of them: whoever wants the results of a job stays for seconds.
    private void Admit(string job, string reader)
    {
        var known = readers.TryGetValue(job, out var list) ? list : readers[job] = [];
        known.Remove(reader);
        known.Add(reader);
        if (known.Count > MostReaders)
        {
            known.RemoveAt(0);
        }
    }

    private static DesiredJob? ReadDesired(ReadOnlySpan<byte> json)
    {
        if (FleetJson.Read(json, FleetJson.Default.DesiredJob) is { } wish)
        {
            return wish.Text is null or { ValueKind: JsonValueKind.Object } ? wish : null;
        }

        return FleetJson.Read(json, FleetJson.Default.JsonObject) is { } text && text.ContainsKey("job") && !text.ContainsKey("state")
            ? new DesiredJob { State = "running", Text = JsonSerializer.SerializeToElement(text, FleetJson.Default.JsonObject) }
            : null;
    }

    private bool TakeJobNote(string job, string agent, ReadOnlySpan<byte> json)
    {
        if (FleetJson.Read(json, FleetJson.Default.JobStatus) is { } status)
        {
            core.SeeEpoch(status.Epoch, $"controller '{status.Controller}'");
            return true;
        }

        if (FleetJson.Read(json, ControllerJson.Default.TopNote) is not { } note)
        {
            return false;
        }

        core.Lives.GetValueOrDefault(job)?.Hear(agent, note);
        return true;
    }
}
