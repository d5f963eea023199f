using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Cli.Output;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Mqtt;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Operating;

/// <summary>Fetches the last checkpoint that the controller keeps of a job.</summary>
internal static class JobResults
{
    /// <summary>Writes its model; what was written and what was not, a line each.</summary>
    /// <exception cref="DatasetException">The controller has no checkpoint of the job.</exception>
    public static async Task<IReadOnlyList<string>> FetchAsync(OperatorSession session, JobId job, string folder, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var notices = await session.ReadAsync([BulletinTopic.OfJob(job, session.Controller, BulletinKind.Spec)], cancellationToken);
        if (notices.Values.Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.JobSummary)).FirstOrDefault() is not { Checkpoint: { } hash } summary)
        {
            throw new DatasetException($"controller '{session.Controller}' keeps no checkpoint of '{job}' yet: it gets one after the first round");
        }

        // The controller meets on a job's channel only whom it knows of.
        await session.Bulletin.PostAsync(BulletinTopic.OfJob(job, session.Self, BulletinKind.Desired), FleetJson.Write(new DesiredJob { State = "read" }, FleetJson.Default.DesiredJob), cancellationToken);
        await using var backend = new MqttChannelBackend(session.Session);
        var channel = await backend.OpenAsync(ContentEndpoint.OfAgent(job, session.Self, session.Controller, 1), cancellationToken);
        await using var exchange = new ContentExchange(channel, TimeProvider.System, static (_, _) => new((ReadOnlyMemory<byte>?)null));
        await exchange.JoinAsync(cancellationToken);
        var parameters = RunSnapshot.ModelOf(await FetchAsync(hash));
        var document = summary.Document is { } name ? FleetJson.Read((await FetchAsync(name)).Span, FleetJson.Default.JobDocument) : null;
        var lines = new List<string> { Write("model.parameters", parameters) };
        try
        {
            lines.Add(Write("model.onnx", await ForwardAsync(document, parameters, FetchAsync)));
        }
        catch (Exception error) when (error is TopologyException or ModelMismatchException or PayloadException)
        {
            lines.Add($"no model.onnx: {error.Message}");
        }

        return lines;

        async Task<ReadOnlyMemory<byte>> FetchAsync(string content) => await exchange.FetchAsync(ContentEndpoint.Controller, content, timeout, cancellationToken);

        string Write(string file, ReadOnlyMemory<byte> content)
        {
            Directory.CreateDirectory(folder);
            var path = Path.GetFullPath(Path.Combine(folder, file));
            DurableFile.Write(path, new ReadOnlySequence<byte>(content));
            return path;
        }
    }

    private static async Task<byte[]> ForwardAsync(JobDocument? document, ReadOnlyMemory<byte> parameters, Func<string, Task<ReadOnlyMemory<byte>>> fetch)
    {
        if (document is null || PatternFilling.Fill(document.Text, []) is not { Model: { } model } job)
        {
            throw new TopologyException("the controller does not say which model this is; use `flame-edge model export` with the job's file");
        }

        if (model is not { Input: { } shape, Classes: { } classes })
        {
            throw new TopologyException("the job does not say the model's shape, and its data is on the devices: give model.input and model.classes, or use `flame-edge model export` with the job's file and data");
        }

        if (model.Path is not { } path)
        {
            return ForwardModel.Of(job, model, shape, classes, parameters);
        }

        var file = Path.Combine(Directory.CreateTempSubdirectory("flame-edge-").FullName, "model.onnx");
        try
        {
            // The controller reads paths as if they started at the root.
            var hash = document.Files.GetValueOrDefault(Path.GetRelativePath("/", path)) ?? throw new TopologyException($"the model's file '{path[1..]}' did not travel with the job: it is on the devices");
            DurableFile.Write(file, new ReadOnlySequence<byte>(await fetch(hash)));
            return ForwardModel.Of(job, model with { Path = file }, shape, classes, parameters);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true); // not null: it was made here
        }
    }
}
