using FlameEdge.Collaborative;
using FlameEdge.Testing;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

public class CanoeSectionTests
{
    [Theory]
    [InlineData("\"preset\": \"camera\"", "canoe: unknown preset 'camera'; use common, images, sensors, few-inputs, broad-drift")]
    [InlineData("\"learningRate\": 0", "canoe: learningRate is '0', but must be a number from 0.000001 to 10")]
    [InlineData("\"handOver\": 2.5", "canoe: handOver is '2.5', but must be a whole number from 1 to 1000000")]
    [InlineData("\"units\": [0]", "canoe: units is a list, but must be one to eight whole numbers from 1 to 4096, one per hidden layer")]
    [InlineData("\"revoked\": [\"abc\"]", "canoe: revoked is 'abc', but must be model hashes of 16 hexadecimal digits, as events call them 'source'")]
    [InlineData("\"classes\": [\"a\", \"a\"]", "canoe: classes is a list, but must be names of which each occurs once")]
    [InlineData("\"lockstep\": {}", "canoe: lockstep keeps the sites of a stored stream in step; name one with stream, or remove it")]
    [InlineData("\"offers\": \"50\"", "canoe: offers are of a stored stream that is played in step; add lockstep, or remove it")]
    [InlineData("\"value\": { \"deviation\": 0 }", "value: deviation is '0', but must be a number above 0")]
    [InlineData("\"batchPerSecond\": 3", "canoe: unknown key 'batchPerSecond'; known are preset")]
    public void A_bad_value_is_told_in_one_line_that_names_the_place(string setting, string line)
    {
        var (job, found) = JobTexts.Read(CanoeJobs.OfCorners("corners", "memory", "\"rows-0\"", setting + ",").Replace(", \"classes\": [\"c0\", \"c1\", \"c2\"]", "", StringComparison.Ordinal), Programs.BuiltIn);

        Assert.Null(job);
        Assert.Contains($": {line}", Assert.Single(found.All).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_number_of_the_section_changes_what_a_site_or_a_directory_does()
    {
        string[] others = ["preset", "inputs", "classes", "warmUp", "batches", "batchesPerSecond", "scoreEvery", "saveEvery", "stream", "streamData", "lockstep", "offers", "value", "denied", "revoked", "units", "oldestRecord", "significance"];
        var (settings, directory) = (CanoeTerms.SettingsOf(new CanoeSpec()), CanoeTerms.DirectoryOf(new CanoeSpec()));

        foreach (var key in JobKeys.Canoe.Except(others))
        {
            var spec = new CanoeSpec { Numbers = new Dictionary<string, double> { [key] = key == "collaborates" ? 0 : 0.75 + 8 } };
            Assert.True(CanoeTerms.SettingsOf(spec) != settings || CanoeTerms.DirectoryOf(spec) != directory with { OldestRecord = spec.OldestRecord, Denied = spec.Denied }, $"{key} changes nothing");
        }
    }

    [Fact]
    public void Roles_find_their_programs_by_their_tags()
    {
        var job = JobTexts.Sound(CanoeJobs.OfCorners("corners", "memory", "\"rows-0\", \"rows-1\""));
        var alone = JobTexts.Sound(CanoeJobs.OfCorners("corners", "memory", "\"rows-0\", \"rows-1\"", hasDirectory: false));

        Assert.Equal(["site", "directory"], job.Graph.Roles.Select(role => role.Program));
        Assert.Equal(["site"], alone.Graph.Roles.Select(role => role.Program));
    }
}
