using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Operating;
using FlameEdge.Cli.Reading;
using FlameEdge.Control.Content;
using FlameEdge.Control.Jobs;
using FlameEdge.Mqtt;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>job submit</c>: gives a job to a controller. The same job given twice runs once.</summary>
internal static class JobSubmitVerb
{
    public static Command Create()
    {
        var verb = new Command("submit", "Give a job to a controller, which runs it on its fleet.");
        var job = new JobArguments(verb, JobFile.Source);
        var asking = new OperatorArguments(verb);
        var watch = new Option<bool>("--watch") { Description = "stay and watch until the job is over" };
        var withData = new Option<bool>("--with-data") { Description = "send the data files along to the devices that learn from them" };
        verb.Add(watch);
        verb.Add(withData);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var reading = job.ReadWhole(parsed, programs: null);
            if (reading.Plan is not { } plan)
            {
                return ExitCode.BadJob;
            }

            var parcel = JobParcel.Of(reading, job.Path(parsed), parsed.GetValue(withData));
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            await using var backend = new MqttChannelBackend(session.Session);
            await using var serving = parcel.Files.Count == 0 ? null : await ServeAsync(parcel, session, backend, plan.Job.Name, cancellationToken);
            var status = await session.AskAsync(plan.Job.Name, new DesiredJob { State = "running", Text = parcel.Text, Files = parcel.Files.Count == 0 ? null : parcel.Files }, cancellationToken);
            JobViews.WriteStatus(parsed.InvocationConfiguration.Output, status!, asking.IsJson(parsed)); // not null: only a deleted job has none
            return parsed.GetValue(watch) ? await JobWatch.RunAsync(session, plan.Job.Name, parsed.InvocationConfiguration, isLog: false, cancellationToken) : ExitCode.Ok;
        });
        return verb;
    }

    private static async Task<ContentExchange> ServeAsync(JobParcel parcel, OperatorSession session, MqttChannelBackend backend, Topology.JobId job, CancellationToken cancellationToken)
    {
        var channel = await backend.OpenAsync(ContentEndpoint.OfAgent(job, session.Self, session.Controller, 1), cancellationToken);
        var exchange = new ContentExchange(channel, TimeProvider.System, async (hash, token) =>
            parcel.Content.TryGetValue(hash, out var file) ? await File.ReadAllBytesAsync(file, token) : (ReadOnlyMemory<byte>?)null);
        await exchange.JoinAsync(cancellationToken);
        return exchange;
    }
}
