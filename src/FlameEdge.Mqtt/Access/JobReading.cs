using FlameEdge.Control.Content;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Access;

/// <summary>What an agent must be able to read to run any part of a job that may be given to it.</summary>
internal static class JobReading
{
    // Workers that may run anywhere each need a filter at every agent: beyond so many per group, one filter for the whole group keeps lists small.
    private const int NamedWorkers = 16;

    /// <summary>For one job.</summary>
    public static IEnumerable<string> Of(string prefix, JobPlan plan, AgentId agent)
    {
        var job = plan.Job.Name.Value;
        foreach (var filter in Notices(prefix, job, agent.Value))
        {
            yield return filter;
        }

        var mine = plan.Workers.Where(worker => worker.Agent is null || worker.Agent == agent);
        var seats = mine.SelectMany(worker => worker.Groups.Select(place => (Channel: place.Key.Value, Group: place.Value.Value, Role: worker.Role.Value, Worker: worker.Id.Value)));
        foreach (var place in seats.GroupBy(seat => (seat.Channel, seat.Group)).OrderBy(place => place.Key))
        {
            var (channel, group) = place.Key;
            yield return $"{prefix}/here/{job}/{channel}/{group}/+/+";
            IEnumerable<string> to = place.Count() > NamedWorkers ? ["+"] : place.Select(seat => seat.Role).Distinct().Concat(place.Select(seat => seat.Worker));
            foreach (var receiver in to)
            {
                yield return $"{prefix}/data/{job}/{channel}/{group}/+/+/{receiver}";
            }
        }
    }

    /// <summary>For whatever job comes.</summary>
    public static IEnumerable<string> OfAny(string prefix) => [$"{prefix}/job/+/+/state", $"{prefix}/here/+/+/+/+/+", $"{prefix}/data/+/+/+/+/+/+"];

    private static IEnumerable<string> Notices(string prefix, string job, string agent)
    {
        var content = $"{job}/{ContentEndpoint.Channel}/{GroupName.Default}";
        return
        [
            $"{prefix}/job/{job}/+/state",
            $"{prefix}/here/{content}/+/+",
            $"{prefix}/data/{content}/+/+/agent",
            $"{prefix}/data/{content}/+/+/{agent}_0",
        ];
    }
}
