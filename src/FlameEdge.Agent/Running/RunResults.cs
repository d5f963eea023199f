using System.Buffers;
using System.Text.Json;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Running;

/// <summary>Keeps how the job ended and writes it: <c>result.json</c>, <c>model.parameters</c>, <c>model.onnx</c>, and plots where the program has them; of several experiments each into a folder named after its top aggregator.</summary>
internal sealed class RunResults(string folder, JobPlan plan, Func<string> runtime, Func<JobPlan, IReadOnlyList<RoundResult>, IEnumerable<(string Name, Action<string> Write)>>? plots) : IJobObserver
{
    /// <summary>The file of what workers told, an object a line.</summary>
    public const string EventsFile = "events.jsonl";

    private readonly Lock gate = new();

    /// <summary>The records of the run, one for each top aggregator that runs here and has ended it: several only where the job is several experiments side by side.</summary>
    public IReadOnlyList<JobResult> Results { get; private set; } = [];

    /// <summary>Files written, by name.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    public void Say(WorkerId worker, string line)
    {
        // Results only.
    }

    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        // The end brings them all.
    }

    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Results only.
    }

    /// <summary>True where workers had a story to tell: it stands in <see cref="EventsFile"/>.</summary>
    public bool HasEvents { get; private set; }

    public void Happened(WorkerId worker, JobEvent happened)
    {
        lock (gate)
        {
            HasEvents = true;
            using var file = File.Open(Path.Combine(folder, EventsFile), FileMode.Append, FileAccess.Write, FileShare.Read);
            file.Write([.. happened.Json.Span, (byte)'\n']);
        }
    }

    public void JobEnded(WorkerId worker, JobEnd end)
    {
        var experiment = plan.Servers.Count > 1 ? plan.Experiment(plan.Find(worker)!) : null; // not null: it ran
        var result = new JobResult
        {
            Job = plan.Job.Name.Value,
            Title = plan.Job.Title,
            State = end.State,
            Reason = end.Reason,
            Runtime = runtime(),
            Server = experiment is null ? null : worker.Value,
            Workers = experiment?.Count ?? plan.Workers.Count,
            Model = end.Model.ContentHash(),
            Rounds = end.Rounds,
        };
        lock (gate)
        {
            var (files, place) = (new List<string>(), experiment is null ? string.Empty : $"{worker}/");
            Directory.CreateDirectory(Path.Combine(folder, place));
            WriteModel(end, place, files);
            foreach (var (name, write) in plots?.Invoke(plan, end.Rounds) ?? [])
            {
                Produce(place + name, write, files);
            }

            Write($"{place}result.json", JsonSerializer.SerializeToUtf8Bytes(result, RoundsJson.Default.JobResult), files);
            Files = [.. files, .. Files];
            Results = [.. Results, result];
        }
    }

    /// <summary>Writes a client's own model: <c>personal/WORKER.parameters</c>, the same as other programs read it, and <c>WORKER.json</c> with its scores.</summary>
    public void PersonalModelEnded(WorkerId worker, PersonalModel end)
    {
        lock (gate)
        {
            Directory.CreateDirectory(Path.Combine(folder, "personal"));
            var (files, name) = (new List<string>(), $"personal/{worker}");
            var encoded = new ArrayBufferWriter<byte>();
            UpdateCodec.Plain.Encode(end.Model.Layout, end.Model.Values, encoded);
            Write($"{name}.parameters", encoded.WrittenMemory, files);
            if (end.Exporter is { } exporter)
            {
                Produce($"{name}{exporter.Extension}", exporter.Export, files);
            }

            Write($"{name}.json", JsonSerializer.SerializeToUtf8Bytes(new PersonalResult(end.Kind, end.Own, end.Shared), PersonalJson.Default.PersonalResult), files);
            Files = [.. Files, .. files];
        }
    }

    private void WriteModel(JobEnd end, string place, List<string> files)
    {
        var encoded = new ArrayBufferWriter<byte>();
        UpdateCodec.Plain.Encode(end.Model.Layout, end.Model.Values, encoded);
        Write($"{place}model.parameters", encoded.WrittenMemory, files);
        if (end.Exporter is { } exporter)
        {
            Produce($"{place}model{exporter.Extension}", exporter.Export, files);
        }
    }

    // Others write under a name of their own first: nothing half-written ever carries a result's name.
    private void Produce(string name, Action<string> write, List<string> files)
    {
        var unfinished = Path.Combine(folder, $".{name.Replace('/', '-')}.unfinished");
        try
        {
            write(unfinished);
            Write(name, File.ReadAllBytes(unfinished), files);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"{Path.Combine(folder, name)} cannot be written: {error.Message.TrimEnd('.')}. Free space or choose another folder with --out.", error);
        }
        finally
        {
            DurableFile.TryDelete(unfinished);
        }
    }

    private void Write(string name, ReadOnlyMemory<byte> content, List<string> files)
    {
        DurableFile.Write(Path.Combine(folder, name), new ReadOnlySequence<byte>(content));
        files.Add(name);
    }
}
