// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Answers many calls to itself in one: a differential test asks a chain some hundred questions at a time.
abstract contract Batch {
    struct Answer {
        bool ok;
        /// What the call returned, or the error that it reverted with.
        bytes data;
    }

    function batch(bytes[] calldata calls) external view returns (Answer[] memory answers) {
        answers = new Answer[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (answers[i].ok, answers[i].data) = address(this).staticcall(calls[i]);
        }
    }
}
